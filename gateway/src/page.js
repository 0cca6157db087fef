"use strict";
const make = (tag, text, ...children) => {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  node.append(...children);
  return node;
};
const table = rows => make("table", "", ...rows.map(row => make("tr", "", ...row.map(cell => {
  const td = make("td");
  td.append(cell instanceof Node ? cell : String(cell ?? ""));
  return td;
}))));

// An example of what a schema describes; references are followed, loops end.
const example = (api, schema, depth = 0) => {
  if (!schema || depth > 6) return null;
  if (schema.$ref) return example(api, api.components.schemas[schema.$ref.split("/").pop()], depth + 1);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum[0];
  const choice = (schema.oneOf || schema.anyOf || []).find(one => one.type !== "null");
  if (choice) return Object.assign(example(api, choice, depth + 1) ?? {},
    schema.properties ? example(api, { properties: schema.properties }, depth + 1) : {});
  const type = Array.isArray(schema.type) ? schema.type.find(one => one !== "null") : schema.type;
  if (schema.properties) return Object.fromEntries(
    Object.entries(schema.properties).map(([name, of]) => [name, example(api, of, depth + 1)]));
  if (type === "array") return [example(api, schema.items, depth + 1)];
  if (type === "integer" || type === "number") return schema.minimum ?? 0;
  if (type === "boolean") return false;
  if (type === "string") return schema.format || schema.pattern || schema.description || "text";
  return {};
};
const shown = (api, schema) => make("pre", JSON.stringify(example(api, schema), null, 2));

const operation = (api, method, path, op) => {
  const name = make("span", method.toUpperCase());
  name.className = "method " + method;
  const key = make("span", op.security ? " · with a token" : "");
  key.className = "key";
  const box = make("details", "", make("summary", "", name, make("code", path), " " + (op.summary || ""), key));
  if (op.parameters) box.append(make("h4", "Parameters"), table(op.parameters.map(p =>
    [make("code", p.name), p.in + (p.required ? ", required" : ""), p.description || ""])));
  for (const [type, content] of Object.entries(op.requestBody?.content ?? {}))
    box.append(make("h4", "Body: " + type), shown(api, content.schema));
  box.append(make("h4", "Answers"));
  for (const [status, response] of Object.entries(op.responses ?? {})) {
    box.append(table([[make("code", status), response.description]]));
    for (const [type, content] of Object.entries(response.content ?? {}))
      if (type === "application/json" || type === "text/event-stream") box.append(shown(api, content.schema));
  }
  return box;
};

fetch("/openapi.json").then(answer => answer.json()).then(api => {
  document.getElementById("about").textContent = api.info.description + " Version " + api.info.version + ".";
  const tags = new Map();
  for (const [path, item] of Object.entries(api.paths))
    for (const [method, op] of Object.entries(item)) {
      const tag = op.tags?.[0] ?? "other";
      if (!tags.has(tag)) tags.set(tag, []);
      tags.get(tag).push(operation(api, method, path, op));
    }
  for (const [tag, boxes] of tags) {
    const link = make("a", tag);
    link.href = "#" + tag;
    document.getElementById("contents").append(link);
    const section = make("section", "", make("h2", tag), ...boxes);
    section.id = tag;
    document.getElementById("routes").append(section);
  }
}).catch(error => document.getElementById("routes").append(make("p", "The document could not be read: " + error)));
