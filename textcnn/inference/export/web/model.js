// Text in, labels and reasons out.

class Model {
  constructor({ header, arrays }) {
    this.header = header;
    this.labels = header.labels;
    this.tokenizer = tokenizerOf(header.tokenizer, header.characters);
    this.numbers = new Map(header.vocabulary.map((word, number) => [word, number]));
    this.networks = Array.from(
      { length: header.networks },
      (_, i) => new Network(header, (name) => arrays[`networks/${i}/${name}`]),
    );
    this.expert = header.ngrams && new NgramExpert(header, arrays);
    this.bias = [...arrays.bias.values];
  }

  tokenize(text) {
    const tokens = this.tokenizer(text);
    return this.header.max_tokens ? tokens.slice(0, this.header.max_tokens) : tokens;
  }

  // { label, probability, labels, probabilities }: the most probable label; those predicted, which
  // are none or several where a sentence may have several; and a probability for each of
  // model.labels.
  classify(text) {
    const { label, probability, labels, probabilities } = this.explain(text);
    return { label, probability, labels, probabilities };
  }

  // The same, with tokens, the numbers of those that training never saw (unknown), and the n-grams
  // [{ start, end, pushes }]: what tokens start to end add to each label's logit. With one label a
  // sentence, only differences between labels count, so pushes are less their mean.
  explain(text) {
    const tokens = this.tokenize(text);
    const sentence = tokens.map((token) => this.numbers.get(token) ?? 0);
    const { logits, ngrams } = this.sums(tokens, sentence);
    const { multilabel, thresholds } = this.header;
    const probabilities = multilabel ? logits.map(sigmoid) : softmax(logits);
    const best = probabilities.indexOf(Math.max(...probabilities));
    const predicted = multilabel
      ? this.labels.filter((_, label) => probabilities[label] >= thresholds[label])
      : [this.labels[best]];
    return {
      label: this.labels[best],
      probability: probabilities[best],
      labels: predicted,
      probabilities,
      tokens,
      unknown: [...sentence.keys()].filter((at) => sentence[at] === 0),
      ngrams: multilabel ? ngrams : ngrams.map(centred),
    };
  }

  // The logits, and what each n-gram adds to them.
  sums(tokens, sentence) {
    const logits = [...this.bias];
    const found = new Map();
    const add = (start, end, label, amount) => {
      logits[label] += amount;
      if (start === end) return; // Of no word: a window beyond the ends.
      const place = start * (sentence.length + 1) + end;
      if (!found.has(place)) found.set(place, { start, end, pushes: this.labels.map(() => 0) });
      found.get(place).pushes[label] += amount;
    };
    for (const network of this.networks) network.explain(sentence, add);
    this.expert?.explain(tokens, sentence, add);
    return { logits, ngrams: [...found.values()] };
  }
}

function softmax(logits) {
  const largest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

function sigmoid(logit) {
  return 1 / (1 + Math.exp(-logit));
}

function centred(ngram) {
  const mean = ngram.pushes.reduce((sum, push) => sum + push, 0) / ngram.pushes.length;
  return { ...ngram, pushes: ngram.pushes.map((push) => push - mean) };
}
