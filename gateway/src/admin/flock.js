// Rates are of so many pulses.
const KEPT_PULSES = 5;
// A consumer with more than this waiting is behind: less is a batch.
const BEHIND = 1000;
const AGAIN_MS = 3000;
let graph = null, pulses = [], alive = 0, abort = null, paused = false, redraw = () => {};

const number = count => new Intl.NumberFormat("en").format(count);
const perSecond = (events, ms) => {
  const rate = ms ? events * 1000 / ms : 0;
  return (rate === 0 ? "0" : rate < 10 ? rate.toFixed(1) : number(Math.round(rate))) + "/s";
};
const over = () => pulses.reduce((sum, pulse) => sum + pulse.over_ms, 0);
const told = subject => pulses.reduce((sum, pulse) => sum + (pulse.told[subject] ?? 0), 0);
const consumerOf = (service, stream) => pulses.at(-1)?.consumers.find(one => one.service === service && one.stream === stream);
const delivered = (service, stream) => pulses.reduce((sum, pulse) =>
  sum + (pulse.consumers.find(one => one.service === service && one.stream === stream)?.delivered ?? 0), 0);
const freshDead = service => pulses.reduce((sum, pulse) => sum + (pulse.dead[service]?.told ?? 0), 0);
const isBehind = (service, stream) => (consumerOf(service, stream)?.waiting ?? 0) > BEHIND;
// What a test and a tool may ask, and a person reads: changed only when it is another, so that nothing flickers.
const put = (node, text, kind) => {
  if (node.textContent !== text) node.textContent = text;
  if (kind !== undefined && node.className !== kind) node.className = kind;
};

// One stream: three columns and the ways between them. Returns what brings it up to date.
const panel = stream => {
  const subjects = graph.subjects.filter(one => one.stream === stream);
  const tellers = [...new Set(subjects.flatMap(one => one.told_by))];
  const hearers = [...new Set(subjects.flatMap(one => one.heard_by))];
  const title = "stream-" + stream, rate = make("span", { class: "rate" });
  const left = new Map(tellers.map(name => [name, make("li", {}, make("span", { class: "node" }, name))]));
  const middle = new Map(subjects.map(one => {
    const count = make("span", { class: "rate" });
    const button = make("button", { type: "button", class: "node", "aria-pressed": "false" }, make("code", {}, one.subject), count);
    const ends = "told by " + (one.told_by.join(", ") || "nobody") + " · heard by " + (one.heard_by.join(", ") || "nobody here");
    return [one.subject, { one, button, count, node: make("li", {}, button, make("span", { class: "ends" }, ends)), ends }];
  }));
  const right = new Map(hearers.map(name => {
    const state = make("small"), bad = make("small", { class: "bad" });
    return [name, { state, bad, node: make("li", {}, make("span", { class: "node" }, name, state, bad)) }];
  }));
  const ways = draw("svg", { class: "ways", role: "img", "aria-label": "Ways of the stream " + stream + "; the lists say the same in words" });
  const said = make("p", { class: "note", role: "status" });
  const body = make("div", { class: "graph" },
    make("ul", { class: "tellers", "aria-label": "Who tells" }, ...left.values()),
    make("ul", { "aria-label": "What is told" }, ...[...middle.values()].map(one => one.node)),
    make("ul", { class: "hearers", "aria-label": "Who hears it" }, ...[...right.values()].map(one => one.node)), ways);
  const node = make("section", { class: "card", "aria-labelledby": title },
    make("div", { class: "row" }, make("h2", { id: title }, stream), rate),
    make("div", { class: "titles", "aria-hidden": "true" }, make("span", {}, "told by"), make("span", {}, "message"), make("span", {}, "heard by")), body, said);
  let chosen = null, drawn = [];
  const choose = subject => {
    chosen = chosen === subject ? null : subject;
    for (const [name, { button }] of middle) button.setAttribute("aria-pressed", String(name === chosen));
    said.textContent = chosen ? chosen + ": " + middle.get(chosen).ends + "." : "";
    lit();
  };
  for (const [subject, { button }] of middle) button.addEventListener("click", () => choose(subject));
  const lit = () => {
    ways.classList.toggle("chosen", Boolean(chosen));
    for (const { path, subject } of drawn) path.classList.toggle("lit", subject === chosen);
  };
  const draws = () => {
    drawn = [];
    ways.replaceChildren();
    const box = body.getBoundingClientRect();
    if (getComputedStyle(ways).display === "none") return;
    const side = (item, edge) => {
      const at = item.querySelector(".node").getBoundingClientRect();
      return [at[edge] - box.left, at.top - box.top + at.height / 2];
    };
    const way = (subject, [x, y], [u, v], service) => {
      const half = (x + u) / 2, path = draw("path", { d: `M${x} ${y}C${half} ${y} ${half} ${v} ${u} ${v}` });
      ways.append(path);
      drawn.push({ path, subject, service });
    };
    for (const { one, node: item } of middle.values()) {
      for (const name of one.told_by) way(one.subject, side(left.get(name), "right"), side(item, "left"));
      for (const name of one.heard_by) way(one.subject, side(item, "right"), side(right.get(name).node, "left"), name);
    }
    lit();
    colours();
  };
  const colours = () => {
    for (const { path, subject, service } of drawn) {
      const count = told(subject), rates = over() ? count * 1000 / over() : 0;
      path.setAttribute("stroke-width", (1 + Math.min(5, Math.log2(1 + rates) / 2)).toFixed(2));
      path.classList.toggle("flows", count > 0);
      // A letter does not say on this page what it was about: one of the messages that came lately.
      path.classList.toggle("bad", Boolean(service) && (isBehind(service, stream) || (count > 0 && freshDead(service) > 0)));
    }
  };
  const update = () => {
    put(rate, perSecond(subjects.reduce((sum, one) => sum + told(one.subject), 0), over()), "rate");
    for (const [subject, { count }] of middle) put(count, perSecond(told(subject), over()), told(subject) ? "rate some" : "rate");
    for (const [name, { state, bad }] of right) {
      const now = consumerOf(name, stream);
      put(state, now ? perSecond(delivered(name, stream), over()) + " · " + number(now.waiting) + " behind" + (now.again ? " · " + number(now.again) + " again" : "") : "no answer");
      const dead = pulses.at(-1)?.dead[name]?.kept ?? 0;
      put(bad, dead ? number(dead) + (dead === 1 ? " dead letter" : " dead letters") + (freshDead(name) ? ", " + number(freshDead(name)) + " just now" : "") : "");
    }
    colours();
  };
  return { node, update, draws };
};

let panels = [], cells = new Map();
const build = () => {
  const streams = [...new Set(graph.subjects.map(one => one.stream))];
  panels = streams.map(panel);
  $("streams").replaceChildren(...panels.map(one => one.node));
  const head = ["Service", "Per second", "Behind", "Dead letters", "Under way", "Again", "Hears"];
  const listeners = [...new Set(graph.consumers.map(one => one.service))];
  cells = new Map(listeners.map(name => [name, head.slice(1, -1).map(() => make("td", { class: "number" }))]));
  const hears = name => graph.consumers.filter(one => one.service === name).map(one => one.stream).join(", ");
  $("services").replaceChildren(make("caption", { class: "unseen" }, "How each service keeps up"),
    make("thead", {}, make("tr", {}, head.map((text, at) => make("th", { scope: "col", class: at && at < head.length - 1 ? "number" : undefined }, text)))),
    make("tbody", {}, listeners.map(name => make("tr", {}, make("th", { scope: "row" }, name), cells.get(name), make("td", {}, hears(name))))));
  redraw = () => panels.forEach(one => one.draws());
};
const update = () => {
  const now = pulses.at(-1), all = graph.subjects.reduce((sum, one) => sum + told(one.subject), 0);
  const dead = Object.values(now.dead).reduce((sum, one) => sum + one.kept, 0);
  const furthest = now.consumers.reduce((most, one) => one.waiting > (most?.waiting ?? 0) ? one : most, null);
  const fact = (name, value, kind) => make("div", {}, make("dt", {}, name), make("dd", { class: kind }, value));
  $("facts").replaceChildren(fact("Messages", perSecond(all, over())),
    fact("Furthest behind", furthest ? number(furthest.waiting) + " (" + furthest.service + ")" : "nobody", furthest?.waiting > BEHIND ? "bad" : undefined),
    fact("Dead letters, 90 days", number(dead), dead ? "bad" : undefined), fact("As of", new Date(now.at).toLocaleTimeString("en-GB")));
  $("silent").hidden = !now.silent.length;
  put($("silent"), "JetStream says nothing about " + now.silent.join(", ") + ".");
  for (const [name, [rate, behind, letters, way, again]] of cells) {
    const mine = now.consumers.filter(one => one.service === name), sum = field => mine.reduce((total, one) => total + one[field], 0);
    put(rate, perSecond(mine.reduce((total, one) => total + delivered(name, one.stream), 0), over()));
    put(behind, number(sum("waiting")), "number" + (mine.some(one => isBehind(name, one.stream)) ? " bad" : ""));
    put(way, number(sum("under_way")));
    put(again, number(sum("again")));
    put(letters, number(now.dead[name]?.kept ?? 0), "number" + (now.dead[name] ? " bad" : ""));
  }
  panels.forEach(one => one.update());
};

const take = event => {
  const data = event.split("\n").filter(line => line.startsWith("data:")).map(line => line.slice(5)).join("\n");
  if (!data) return;
  pulses = [...pulses, JSON.parse(data)].slice(-KEPT_PULSES);
  if (!paused) update();
};
const follow = async () => {
  abort = new AbortController();
  const answer = await ask("/v1/flock/events", { signal: abort.signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let text = ""; ;) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (text + value).split("\n\n");
    text = events.pop();
    events.forEach(take);
  }
};
const stop = () => {
  alive++;
  abort?.abort();
  pulses = [];
};
const start = async () => {
  stop();
  for (const mine = alive; mine === alive;) {
    try {
      graph ??= await askJson("/v1/flock");
      if (mine !== alive) return;
      showContent();
      if (!panels.length) build();
      redraw();
      pulses = [];
      await follow();
    } catch (error) {
      if (mine !== alive || failed(error)) return;
    }
    // A stream ends now and then, by its age or with its gateway.
    await new Promise(wake => setTimeout(wake, AGAIN_MS));
  }
};
$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", String(paused));
  if (!paused && pulses.length) update();
});
new ResizeObserver(() => requestAnimationFrame(() => redraw())).observe($("streams"));
$("lead").textContent = "Who tells what to whom, and how much of it goes through right now.";
start();
