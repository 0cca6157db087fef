const id = decodeURIComponent(location.pathname.split("/")[3] || "");
// How often an order that is still under way is looked at.
const LOOK_MS = 3000;
// A pause longer than this is cut short in the bars.
const PAUSE_MS = 1000;
const PAGES = 20;
let timer = null, shown = "", alive = 0;

const span = ms => {
  if (ms < 0) return "−" + span(-ms);
  if (ms < 1000) return ms + " ms";
  if (ms < 60_000) return (ms / 1000).toFixed(ms < 10_000 ? 2 : 1) + " s";
  const parts = [[86_400_000, "d"], [3_600_000, "h"], [60_000, "min"], [1000, "s"]];
  const found = [];
  for (const [size, name] of parts) {
    if (ms >= size && found.length < 2) found.push(Math.floor(ms / size) + " " + name);
    ms %= size;
  }
  return found.join(" ");
};
// How long after the beginning, to the millisecond.
const offset = ms => {
  if (ms < 60_000) return "+" + span(ms);
  const two = number => String(number).padStart(2, "0"), hours = Math.floor(ms / 3_600_000);
  const rest = two(Math.floor(ms / 60_000) % 60) + ":" + two(Math.floor(ms / 1000) % 60) + "." + String(ms % 1000).padStart(3, "0");
  return "+" + (hours ? hours + ":" : "") + rest;
};
const money = (minor, currency) => {
  try {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
  } catch {
    return minor + " " + currency;
  }
};
const words = name => String(name).replaceAll("_", " ");
const STATUS = { completed: "good", confirmed: "good", dispatched: "good", cancelled: "bad" };
const tag = (text, kind = "") => make("span", { class: "tag " + kind }, text);
const millis = time => time === undefined || time === null ? null : Date.parse(time);

// Entries, and before the first that each of them led to, the messages that are no entries.
const rowsOf = (entries, flock) => {
  const rows = [], known = new Map(entries.filter(entry => entry.message_id).map(entry => [entry.message_id, entry]));
  const places = new Map(), times = new Map();
  const owner = subject => flock?.subjects.find(one => one.subject === subject);
  const put = (key, row) => {
    places.set(key, row);
    row.place = rows.push(row) - 1;
    return row;
  };
  for (const entry of entries) {
    let cause = null;
    if (entry.cause) {
      const { message_id, subject, at } = entry.cause;
      cause = places.get(message_id);
      if (!cause && !known.has(message_id)) {
        const info = owner(subject);
        cause = put(message_id, {
          subject, at: millis(at), told: info ? info.told_by.length ? info.told_by : [info.owner] : [], command: info?.command,
          guess: subject && !info?.command ? before(rows, info, flock) : null,
        });
      }
    }
    const nth = (times.get(entry.event) ?? 0) + 1;
    times.set(entry.event, nth);
    put(entry.message_id ?? "seq " + entry.seq, {
      entry, cause, nth, subject: entry.event, at: millis(entry.at),
      stored: millis(entry.stored_at), heard: millis(entry.heard_at),
    });
  }
  for (const row of rows) {
    if (!row.entry) continue;
    const from = row.cause && (row.cause.at === null ? row.cause.guess : row.cause);
    row.from = from ?? null;
    row.guessed = Boolean(from) && from !== row.cause;
    row.since = from ? from.stored ?? from.at : null;
    row.waiting = row.since === null ? null : Math.max(0, row.at - row.since);
    row.working = row.stored === null ? null : Math.max(0, row.stored - row.at);
  }
  return rows;
};
// The last thing that the teller of an event heard before: a guess at what led to it.
const before = (rows, info, flock) => {
  const heard = new Set(flock?.subjects.filter(one => one.heard_by.includes(info?.owner)).map(one => one.subject));
  return rows.findLast(row => row.entry && heard.has(row.subject)) ?? null;
};

// Puts a time on the bars: pauses are cut short.
const scaleOf = rows => {
  const points = [...new Set(rows.flatMap(row => [row.at, row.stored, row.since ?? null]).filter(at => at !== null && at !== undefined))]
    .sort((a, b) => a - b);
  const gaps = points.slice(1).map((at, index) => at - points[index]);
  const busy = gaps.filter(gap => gap <= PAUSE_MS).reduce((sum, gap) => sum + gap, 0);
  const cut = Math.max(busy * 0.12, 1), places = new Map([[points[0], 0]]);
  let place = 0;
  gaps.forEach((gap, index) => places.set(points[index + 1], place += gap > PAUSE_MS ? cut : gap));
  return at => place ? 100 * places.get(at) / place : 0;
};
const piece = (kind, from, to) => {
  const node = make("span", { class: kind });
  node.style.left = from + "%";
  node.style.width = Math.max(0, to - from) + "%";
  return node;
};

const valueOf = (name, value, data) => {
  if (["amount", "total"].includes(name) && data.currency) return money(value, data.currency);
  if (name === "parts" && Array.isArray(value))
    return value.map(part => part.method + " " + money(part.amount, data.currency)).join(", ");
  if (value === null || typeof value !== "object") return String(value);
  if (Array.isArray(value)) return value.map(one => valueOf("", one, data)).join("; ");
  const { code, ...more } = value, named = Object.entries(more).map(([key, one]) => words(key) + " " + valueOf(key, one, data));
  return [...(code === undefined ? [] : [words(code)]), ...named].join(", ");
};
const dataOf = data => Object.entries(data ?? {}).filter(([name, value]) => name !== "currency" && value !== null).map(([name, value]) =>
  make("div", {}, make("dt", {}, words(name)), make("dd", {}, valueOf(name, value, data))));

const whyOf = row => {
  const { cause } = row;
  if (!row.entry.cause) return row.entry.message_id ? "its sender did not say because of what" : "from before causes were kept";
  const link = to => make("a", { href: "#e" + to.entry.seq }, "#" + to.entry.seq + " " + to.subject);
  if (cause?.entry) return ["because of ", link(cause)];
  const name = cause?.subject ? make("code", {}, cause.subject) : "a message that orders does not hear";
  if (row.guessed) return ["because of ", name, ", likely after ", link(row.from)];
  return ["because of ", name];
};
const timesOf = row => {
  const said = [];
  if (row.waiting !== null) said.push((row.guessed ? "waited, or asked outside, " : "waited ") + span(row.waiting));
  if (row.working !== null) said.push("worked " + span(row.working));
  if (row.heard !== null) said.push("orders took it in " + span(Math.max(0, row.heard - (row.stored ?? row.at))) + " later");
  return said.join(" · ");
};
const item = (row, last, scale, began, several) => {
  const { entry } = row;
  const clock = (at, text) => make("time", { class: "when", datetime: new Date(at).toISOString(), title: new Date(at).toISOString() }, text);
  if (!entry) {
    const who = row.command ? "a command" + (row.told.length ? " of " + row.told.join(" or ") : "") : "told by " + (row.told.join(" or ") || "another service");
    return make("li", { class: "unheard" },
      make("div", { class: "head" }, make("h3", {}, row.subject ? make("code", {}, row.subject) : "an unknown message"),
        make("span", { class: "tag plain" }, who), row.at !== null && clock(row.at, offset(row.at - began))),
      !row.command && make("p", { class: "why" }, "orders does not hear it, so when it was told is not known here"));
  }
  const bar = make("div", { class: "scale", "aria-hidden": "true" });
  if (row.since !== null && row.since < row.at) bar.append(piece("wait" + (row.guessed ? " guess" : ""), scale(row.since), scale(row.at)));
  bar.append(piece("work", scale(row.at), scale(row.stored === null ? row.at : Math.max(row.at, row.stored))));
  return make("li", { id: "e" + entry.seq, class: entry.compensates ? "back" : undefined },
    make("div", { class: "head" },
      make("span", { class: "mono" }, "#" + entry.seq), make("h3", {}, make("code", {}, entry.event)), tag(entry.service || "unknown", "plain"),
      entry.compensates && tag("compensation", "bad"),
      row.nth > 1 && tag("number " + row.nth + " of its kind", "warn"),
      entry.deliveries > 1 && tag("delivered " + entry.deliveries + " times", "warn"),
      entry.status !== last && tag("order is " + words(entry.status), STATUS[entry.status] ?? ""),
      clock(row.at, offset(row.at - began))),
    make("p", { class: "why" }, whyOf(row)),
    bar, make("p", { class: "times" }, timesOf(row), several && entry.trace_id ? " · trace " + entry.trace_id.slice(0, 8) : ""),
    entry.data && make("dl", { class: "data" }, dataOf(entry.data)));
};

// Arrows beside the list: each cause has a lane of its own as long as its effects need it.
const arrows = rows => {
  document.querySelector(".arrows")?.remove();
  const list = $("events"), nodes = [...list.children];
  if (!nodes.length) return;
  const edges = rows.filter(row => row.entry && row.cause).map(row => [row.cause, row, false]);
  for (const row of rows) if (!row.entry && row.guess) edges.push([row.guess, row, true]);
  const causes = [...new Set(edges.map(([cause]) => cause))].sort((a, b) => a.place - b.place);
  const lanes = [];
  const lane = new Map(causes.map(cause => {
    const end = Math.max(...edges.filter(edge => edge[0] === cause).map(edge => edge[1].place));
    let free = lanes.findIndex(until => until <= cause.place);
    if (free < 0) free = lanes.length;
    lanes[free] = end;
    return [cause, free];
  }));
  const narrow = list.clientWidth < 480, step = narrow ? 6 : 11;
  const line = (narrow ? 14 : 22) + step * lanes.length, width = line + (narrow ? 12 : 20);
  list.style.setProperty("--gutter", width + "px");
  const top = $("story").getBoundingClientRect().top;
  const y = row => {
    const head = nodes[row.place].querySelector("h3").getBoundingClientRect();
    return head.top - top + head.height / 2;
  };
  const picture = draw("svg", {
    class: "arrows", width, height: $("story").clientHeight, role: "img",
    "aria-label": edges.length + " arrows from causes to effects among " + rows.length + " messages; each event also names its cause in words",
  });
  const path = (edge, way, more = "") => {
    const [cause, effect, guess] = edge;
    const back = effect.entry?.compensates ? " back" : "";
    const node = draw("path", { d: way, class: more + (guess ? " guess" : "") + back });
    node.dataset.ends = cause.place + " " + effect.place;
    picture.append(node);
  };
  for (const edge of edges) {
    const [cause, effect] = edge, x = line - (narrow ? 8 : 14) - step * lane.get(cause), from = y(cause), to = y(effect);
    const bend = Math.min(10, (to - from) / 2);
    path(edge, `M${line} ${from}C${x} ${from} ${x} ${from} ${x} ${from + bend}V${to - bend}C${x} ${to} ${x} ${to} ${line - 9} ${to}`);
    path(edge, `M${line - 4} ${to}l-7 -4v8z`, "tip");
  }
  for (const row of rows) {
    const kind = row.entry ? row.entry.compensates ? "back" : "" : "unheard";
    picture.append(draw("circle", { cx: line, cy: y(row), r: row.entry ? 5 : 4.5, class: kind }));
  }
  $("story").append(picture);
  nodes.forEach((node, place) => {
    const light = on => () => {
      picture.classList.toggle("some", on);
      for (const one of picture.querySelectorAll("path"))
        one.classList.toggle("lit", on && one.dataset.ends.split(" ").includes(String(place)));
    };
    node.onpointerenter = node.onfocus = light(true);
    node.onpointerleave = node.onblur = light(false);
  });
};

const facts = (timeline, order, rows, began) => {
  const fact = (name, ...value) => make("div", {}, make("dt", {}, name), make("dd", {}, ...value));
  const last = rows.at(-1), entries = timeline.entries, again = entries.filter(entry => entry.deliveries > 1).length;
  const list = [fact("Status", tag(words(timeline.status), STATUS[timeline.status] ?? ""))];
  if (order?.reason) list.push(fact("Reason", valueOf("", order.reason, { currency: order.currency })));
  if (order?.cancel_requested) list.push(fact("Cancellation", "asked for, not decided yet"));
  if (order?.deadline) list.push(fact("To be paid until", new Date(order.deadline).toLocaleString("en-GB", { timeZoneName: "short" })));
  list.push(fact("Placed", new Date(began).toLocaleString("en-GB", { timeZoneName: "short" })));
  list.push(fact("Until the last event", span(last.at - began)));
  list.push(fact("Events", entries.length + (again ? ", " + again + " delivered more than once" : "")));
  const back = entries.filter(entry => entry.compensates).length;
  if (back) list.push(fact("Compensations", String(back)));
  $("facts").replaceChildren(...list);
};
// How the time was spent on the way to what settled the order, from cause to cause.
const shares = rows => {
  const settled = rows.find(row => ["order.confirmed", "order.cancelled"].includes(row.subject)) ?? rows.at(-1);
  let waiting = 0, working = 0, guessed = false, whole = true;
  for (let row = settled; row?.entry; row = row.from) {
    if (row.waiting === null) whole = false;
    waiting += row.waiting ?? 0;
    guessed ||= row.guessed;
    // What came after the last decision is not on its way.
    if (row !== settled) working += row.working ?? 0;
  }
  const all = waiting + working;
  const bar = make("div", { class: "scale", role: "img", "aria-label": "waiting " + span(waiting) + ", working " + span(working) });
  const at = all ? 100 * waiting / all : 0;
  if (all) bar.append(piece("wait", 0, at), piece("work", at, 100));
  const key = kind => make("span", { class: "key " + kind, "aria-hidden": "true" });
  $("shares").replaceChildren(bar, make("p", {}, "On the way to ", make("code", {}, settled.subject), ": ",
    key("wait"), "waiting " + span(waiting), guessed ? " (and asking outside)" : "", " · ", key("work"), "working " + span(working),
    whole ? "" : " · not all causes are known"));
};

const rowsTable = (head, rows, caption) => make("table", {}, make("caption", { class: "unseen" }, caption),
  make("thead", {}, make("tr", {}, head.map(([text, number]) => make("th", { scope: "col", class: number ? "number" : undefined }, text)))),
  make("tbody", {}, rows.map(cells => make("tr", {}, cells.map((cell, index) =>
    make(index ? "td" : "th", { scope: index ? undefined : "row", class: head[index][1] ? "number" : undefined }, cell))))));
const moneyOf = (entries, order, payment) => {
  if (!order) return [make("p", {}, "The order is not placed yet: nothing has moved.")];
  const list = [["The order's total", money(order.total, order.currency)]];
  if (payment) {
    list.push(["Captured", money(payment.captured, payment.currency)], ["Given back", money(payment.refunded, payment.currency)],
      ["Kept", money(payment.captured - payment.refunded, payment.currency)]);
  }
  const moved = entries.filter(entry => ["payment.captured", "payment.refunded", "payment.refund_failed", "payment.declined", "payment.voided"].includes(entry.event));
  const events = moved.map(entry => [make("a", { href: "#e" + entry.seq }, "#" + entry.seq), words(entry.event.split(".")[1]) + (entry.data?.surplus ? ", surplus" : ""),
    entry.data?.amount === undefined ? "" : (entry.event === "payment.refunded" ? "−" : "") + money(entry.data.amount, entry.data.currency)]);
  return [rowsTable([["What"], ["Amount", true]], list, "Money in all"),
    make("p", { class: "note" }, payment ? "Payments says: " + words(payment.state) + "." : "Payments does not answer, or knows nothing of it; below is what orders heard."),
    events.length ? rowsTable([["Event"], ["What"], ["Amount", true]], events, "Money, event by event") : make("p", { class: "note" }, "No money has moved.")];
};
const STOCK = { "stock.reserved": "set aside", "stock.rejected": "not there", "stock.released": "set aside, then put back", "stock.committed": "left the shelf" };
const stockOf = (entries, order) => {
  if (!order) return [make("p", {}, "The order is not placed yet: nothing has moved.")];
  const last = entries.findLast(entry => STOCK[entry.event]);
  const short = new Map((last?.data?.shortages ?? []).map(one => [one.sku, one]));
  const state = line => {
    if (!last) return "not touched";
    if (last.event !== "stock.rejected") return STOCK[last.event];
    const missing = short.get(line.sku);
    return missing ? "wanted " + missing.wanted + ", there were " + missing.available : "nothing taken";
  };
  const lines = order.lines.map(line => [make("code", {}, line.sku), String(line.quantity), state(line)]);
  return [rowsTable([["SKU"], ["Quantity", true], ["Stock"]], lines, "Stock, line by line"),
    make("p", { class: "note" }, last ? ["As of ", make("a", { href: "#e" + last.seq }, "#" + last.seq + " " + last.event), "."] : "No stock has moved.")];
};
const tracesOf = entries => {
  const ids = [...new Set(entries.map(entry => entry.trace_id).filter(Boolean))];
  if (!ids.length) return [make("p", { class: "note" }, "This order is not traced. Which share of orders is, TRACE_RATIO says; a request whose traceparent is sampled always is.")];
  const template = document.body.dataset.traceUrl;
  return [make("ul", {}, ids.map(trace => {
    const copy = make("button", { type: "button", "aria-label": "Copy trace id " + trace }, "Copy");
    copy.addEventListener("click", async () => {
      await navigator.clipboard?.writeText(trace);
      $("news").textContent = "Copied";
    });
    return make("li", {}, template ? make("a", { href: template.replaceAll("{trace}", trace), rel: "noreferrer" }, make("code", {}, trace)) : make("code", {}, trace),
      !template && navigator.clipboard && copy);
  }))];
};

const read = async () => {
  const path = "/v1/orders/" + encodeURIComponent(id);
  const timeline = await askJson(path + "/timeline");
  for (let page = 1; page < PAGES; page++) {
    const more = await askJson(path + "/timeline?after=" + (timeline.entries.at(-1)?.seq ?? 0));
    timeline.status = more.status;
    if (!more.entries.length) break;
    timeline.entries.push(...more.entries);
  }
  const [order, payment, flock] = await Promise.all([askMaybe(path), askMaybe("/v1/payments/" + encodeURIComponent(id)), askMaybe("/v1/flock")]);
  return { timeline, order: order?.lines ? order : null, payment, flock };
};
const show = ({ timeline, order, payment, flock }) => {
  const { entries } = timeline;
  $("lead").replaceChildren(make("code", {}, timeline.order_id), timeline.order_id === id ? "" : " (what you asked for is another name of it)");
  showContent();
  const now = JSON.stringify([timeline, order, payment, Boolean(flock)]);
  if (now === shown || !entries.length) return;
  if (shown) $("news").textContent = "The order is " + words(timeline.status) + ", " + entries.length + " events";
  shown = now;
  const rows = rowsOf(entries, flock), began = Math.min(...rows.map(row => row.at).filter(at => at !== null)), scale = scaleOf(rows);
  const several = new Set(entries.map(entry => entry.trace_id)).size > 1;
  facts(timeline, order, rows, began);
  shares(rows);
  let last = "";
  $("events").replaceChildren(...rows.map(row => {
    const node = item(row, last, scale, began, several);
    last = row.entry?.status ?? last;
    return node;
  }));
  $("money").replaceChildren(...moneyOf(entries, order, payment));
  $("stock").replaceChildren(...stockOf(entries, order));
  $("traces").replaceChildren(...tracesOf(entries));
  arrows(rows);
  redraw = () => arrows(rows);
};

let redraw = () => {};
new ResizeObserver(() => requestAnimationFrame(() => redraw())).observe($("story"));
const stop = () => {
  alive++;
  clearTimeout(timer);
  shown = "";
};
const start = async () => {
  stop();
  const mine = alive;
  const look = async () => {
    let again = true;
    try {
      const found = await read();
      if (mine !== alive) return;
      show(found);
      again = !["completed", "cancelled"].includes(found.timeline.status);
    } catch (error) {
      if (mine !== alive) return;
      again = !failed(error);
    }
    if (again) timer = setTimeout(look, LOOK_MS);
  };
  await look();
};
$("lead").replaceChildren(make("code", {}, id));
document.title = "Order " + id.slice(0, 8) + " · Starling";
start();
