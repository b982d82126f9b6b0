import { createHash } from "node:crypto";

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --bar: #2f6fdd; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0 0 1rem; }
form { display: grid; gap: .75rem; }
label { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
select, input[type=password] { font: inherit; padding: .25rem .5rem; }
#drop { border: 2px dashed var(--line); border-radius: .5rem; padding: 1.5rem; justify-content: center; text-align: center; }
#drop.over { border-color: var(--bar); }
#result { display: flex; gap: 1.5rem; margin-top: 1.5rem; flex-wrap: wrap; }
[hidden] { display: none !important; }
#result img { width: 8rem; height: 8rem; object-fit: contain; image-rendering: pixelated; border: 1px solid var(--line); }
table { border-collapse: collapse; flex: 1; min-width: 16rem; }
td { padding: .1rem .5rem; font-variant-numeric: tabular-nums; }
meter { width: 100%; min-width: 8rem; }
[role=status] { min-height: 1.5rem; margin: .75rem 0 0; }
footer { margin-top: 2rem; font-size: .9rem; }
`;

// Names come from weights files, so everything is inserted as text.
const SCRIPT = `
const $ = (id) => document.getElementById(id);
const headers = () => ($("token").value ? { authorization: "Bearer " + $("token").value } : {});
const say = (text) => { $("status").textContent = text; };
let picture;

async function ask(path, options = {}) {
  const response = await fetch(path, { ...options, headers: { ...headers(), ...options.headers } });
  const json = await response.json();
  if (response.status === 401) $("access").hidden = false;
  if (!response.ok) throw new Error(json.error);
  return json;
}

async function loadModels() {
  try {
    const { models } = await ask("v2/models");
    $("model").replaceChildren(...models.map(({ name, version, classes }) => {
      const option = new Option(name + ", version " + version + " (" + classes.length + " classes)");
      option.dataset.name = name;
      option.dataset.version = version;
      return option;
    }));
    say("");
  } catch (error) { say(error.message); }
}

async function classify() {
  const { name, version } = $("model").selectedOptions[0]?.dataset ?? {};
  if (!picture || !name) return;
  const query = new URLSearchParams({ model: name, version, ...($("invert").checked && { invert: "true" }) });
  say("…");
  try {
    show(await ask("predict?" + query, { method: "POST", body: picture, headers: { "content-type": "application/octet-stream" } }));
  } catch (error) { $("rows").replaceChildren(); say(error.message); }
}

function show({ label, probabilities, classes }) {
  const order = probabilities.map((_, index) => index).sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 10);
  $("rows").replaceChildren(...order.map((index) => {
    const row = document.createElement("tr");
    const meter = document.createElement("meter");
    meter.value = probabilities[index];
    row.insertCell().textContent = classes[index];
    row.insertCell().textContent = (100 * probabilities[index]).toFixed(1) + " %";
    row.insertCell().append(meter);
    return row;
  }));
  say("It is: " + label);
}

function take(file) {
  if (!file) return;
  picture = file;
  URL.revokeObjectURL($("seen").src);
  $("seen").src = URL.createObjectURL(file);
  $("result").hidden = false;
  classify();
}

$("file").addEventListener("change", () => take($("file").files[0]));
$("model").addEventListener("change", classify);
$("invert").addEventListener("change", classify);
$("token").addEventListener("change", () => loadModels().then(classify));
$("drop").addEventListener("dragover", (event) => { event.preventDefault(); $("drop").classList.add("over"); });
$("drop").addEventListener("dragleave", () => $("drop").classList.remove("over"));
$("drop").addEventListener("drop", (event) => {
  event.preventDefault();
  $("drop").classList.remove("over");
  take(event.dataTransfer.files[0]);
});
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
loadModels();
`;

/** A page to try the served models with a picture. */
export const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>lenet serve</title>
<style>${STYLE}</style>
<h1>Try it with a picture</h1>
<form>
<label id="access" hidden>Token <input id="token" type="password" autocomplete="off"></label>
<label>Model <select id="model"></select></label>
<label id="drop">Choose, drop or paste a picture <input id="file" type="file" accept="image/*"></label>
<label><input id="invert" type="checkbox"> Invert it (dark on light, for networks that learned light on dark)</label>
</form>
<p role="status" id="status"></p>
<div id="result" hidden><img id="seen" alt="The chosen picture"><table><tbody id="rows"></tbody></table></div>
<footer><a href="openapi.json">OpenAPI</a> · <a href="v2">/v2</a> · <a href="metrics">metrics</a></footer>
<script type="module">${SCRIPT}</script>
</html>
`;

const hash = (text: string) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

/** What the page may do: its own script and style, requests to this server, the chosen picture. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `script-src ${hash(SCRIPT)}`,
  `style-src ${hash(STYLE)}`,
  "connect-src 'self'",
  "img-src blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");
