// The page: what is typed is classified at once. All text goes in as text, never as markup.

const MOST_LABELS = 12; // Shown; of more, the most probable.
const MOST_NGRAMS = 8;
const NOTHING = "No word to read yet.";
const PAUSE = 600; // Milliseconds without typing before a screen reader is told.

const at = (id) => document.getElementById(id);

function element(name, text = "", attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;
const signed = (number) => (number < 0 ? "−" : "+") + Math.abs(number).toFixed(2);

// Marks what pushes at all, the stronger the more; fully from this much on.
function mark(target, push, full) {
  if (Math.abs(push) < full / 20) return target;
  target.dataset.side = push > 0 ? "for" : "against";
  target.style.setProperty("--strength", Math.min(Math.abs(push) / full, 1).toFixed(3));
  return target;
}

// That much is the strongest n-gram's push, or near a logit where all are weak.
function fullPush(result, label) {
  return Math.max(0.8, ...result.ngrams.map(({ pushes }) => Math.abs(pushes[label])));
}

function predictionOf(model, result) {
  if (!result.tokens.length) return NOTHING;
  if (!model.header.multilabel) return `${result.label}, ${percent(result.probability)}`;
  return result.labels.length ? result.labels.join(", ") : "none of the labels";
}

function showLabels(model, { labels, probabilities }) {
  let shown = model.labels.map((_, label) => label);
  if (shown.length > MOST_LABELS) {
    shown.sort((one, other) => probabilities[other] - probabilities[one]);
    shown = shown.slice(0, MOST_LABELS);
  }
  const rows = shown.map((label) => {
    const row = element("li");
    const bar = element("span", "", { class: "bar", "aria-hidden": "true" });
    bar.style.setProperty("--share", probabilities[label]);
    bar.append(element("span"));
    if (model.header.thresholds) {
      bar.style.setProperty("--threshold", model.header.thresholds[label]);
      bar.append(element("i"));
    }
    const number = element("span", percent(probabilities[label]), { class: "number" });
    row.append(element("span", model.labels[label]), bar, number);
    row.classList.toggle("predicted", labels.includes(model.labels[label]));
    return row;
  });
  at("labels").replaceChildren(...rows);
}

// Each token with its share of what its n-grams say: equal parts, since the network sees an n-gram
// as a whole.
function showTokens(result, label) {
  const pushes = result.tokens.map(() => 0);
  for (const { start, end, pushes: pushed } of result.ngrams) {
    for (let word = start; word < end; word++) pushes[word] += pushed[label] / (end - start);
  }
  const full = fullPush(result, label);
  const pieces = result.tokens.flatMap((token, word) => {
    const piece = mark(element("span", token, { class: "token" }), pushes[word], full);
    if (result.unknown.includes(word)) piece.classList.add("new");
    return [piece, " "];
  });
  at("tokens").replaceChildren(...pieces);
}

function strongest(result, label) {
  const size = ({ pushes }) => Math.abs(pushes[label]);
  return [...result.ngrams].sort((one, other) => size(other) - size(one)).slice(0, MOST_NGRAMS);
}

function showNgrams(result, label) {
  const full = fullPush(result, label);
  const rows = strongest(result, label).map(({ start, end, pushes }) => {
    const row = element("tr");
    const name = element("th", "", { scope: "row" });
    const words = result.tokens.slice(start, end).join(" ");
    name.append(mark(element("span", words, { class: "token" }), pushes[label], full));
    row.append(name, element("td", signed(pushes[label]), { class: "number" }));
    return row;
  });
  at("ngrams").replaceChildren(...rows);
}

function show(model, result) {
  const label = model.labels.indexOf(result.label);
  at("prediction").textContent = predictionOf(model, result);
  for (const shown of document.querySelectorAll(".label")) shown.textContent = result.label;
  const unseen = [...new Set(result.unknown.map((word) => result.tokens[word]))];
  at("unknown").textContent = unseen.length ? `; never seen in training: ${unseen.join(", ")}` : "";
  at("labels").hidden = at("reasons").hidden = result.tokens.length === 0;
  showLabels(model, result);
  showTokens(result, label);
  showNgrams(result, label);
}

// For a screen reader, once and not at every key.
function summary(model, result) {
  const label = model.labels.indexOf(result.label);
  const [first] = strongest(result, label);
  if (!first) return predictionOf(model, result);
  const words = result.tokens.slice(first.start, first.end).join(" ");
  return `${predictionOf(model, result)}. Strongest: ${words}, ${signed(first.pushes[label])}.`;
}

function describe(model) {
  const { header, labels } = model;
  const few = labels.length <= 3 ? labels.join(" or ") : `Which of ${labels.length} labels`;
  at("title").textContent = `${few}?`;
  document.title = `${few}?`;
  const words = (header.vocabulary.length - 1).toLocaleString("en");
  at("about").textContent =
    `${words} words; ${header.num_filters} filters each of heights ` +
    `${header.filter_sizes.join(", ")}` +
    (header.networks > 1 ? `; ${header.networks} networks, averaged` : "") +
    `. Made by textcnn.`;
}

async function start() {
  const model = new Model(await unpack(at("model").textContent));
  const box = at("text");
  let pause;
  const update = () => {
    const result = model.explain(box.value);
    show(model, result);
    clearTimeout(pause);
    pause = setTimeout(() => (at("said").textContent = summary(model, result)), PAUSE);
  };
  describe(model);
  box.disabled = false;
  box.addEventListener("input", update);
  update();
  box.focus();
  window.model = model; // For whoever opens the console: model.explain("…")
}

start().catch((error) => {
  at("prediction").textContent = `This browser cannot run the page: ${error.message}`;
});
