// The n-gram expert: each word and n-gram adds to the logits. For a word that training never saw its
// parts speak.

const HASH_FACTOR = 0x9e3779b97f4a7c15n;

class NgramExpert {
  constructor(header, arrays) {
    this.numWords = header.vocabulary.length;
    this.longest = header.ngrams.subwords;
    const tableOf = (name) => new Table(header.labels.length, `ngrams/${name}`, arrays);
    this.words = tableOf("words");
    this.ngrams = header.ngrams.orders.map((order) => ({ order, table: tableOf(order) }));
    this.parts = this.longest ? tableOf("parts") : null;
  }

  // Calls add(start, end, label, amount) for all that the expert adds to the logits.
  explain(tokens, sentence, add) {
    const scale = 1 / Math.sqrt(Math.max(sentence.length, 1));
    const adder = (start, end, share = 1) => (label, value) =>
      add(start, end, label, value * share * scale);
    let rows = sentence.map((word) => word || -1); // Word 0 is any that training never saw.
    rows.forEach((row, at) => this.words.read(row, adder(at, at + 1)));
    // An n-gram is found by its last word and the row of the n-gram (or word) before that.
    for (const { order, table } of this.ngrams) {
      rows = rows.slice(0, -1).map((row, start) => {
        const last = sentence[start + order - 1];
        return row < 0 || last === 0 ? -1 : table.rowOf(row * this.numWords + last);
      });
      rows.forEach((row, start) => table.read(row, adder(start, start + order)));
    }
    sentence.forEach((word, at) => {
      const keys = word === 0 && this.parts ? partKeys(tokens[at], this.longest) : [];
      const share = 1 / Math.sqrt(keys.length);
      for (const key of keys) this.parts.read(this.parts.rowOf(key), adder(at, at + 1, share));
    });
  }
}

// Rows of a number for each label; with many labels, only the numbers that are not zero.
class Table {
  constructor(numLabels, name, arrays) {
    this.numLabels = numLabels;
    this.keys = arrays[`${name}/keys`]?.values;
    this.cells = arrays[`${name}/cells`]?.values; // row * C + label of each number, ascending
    this.values = arrays[this.cells ? `${name}/values` : name].values;
  }

  // The row of a key; -1 where there is none.
  rowOf(key) {
    const row = placeOf(this.keys, key);
    return this.keys[row] === key ? row : -1;
  }

  // Calls say(label, value) for the numbers of a row; of row -1 there are none.
  read(row, say) {
    if (row < 0) return;
    const begin = row * this.numLabels;
    const end = begin + this.numLabels;
    if (this.cells) {
      const first = placeOf(this.cells, begin);
      for (let at = first; this.cells[at] < end; at++) say(this.cells[at] - begin, this.values[at]);
    } else {
      for (let at = begin; at < end; at++) say(at - begin, this.values[at]);
    }
  }
}

// Where the first of ascending numbers stands that is not below this one.
function placeOf(ascending, number) {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < number) low = middle + 1;
    else high = middle;
  }
  return low;
}

// The parts of <word> of 3 to so many characters, as numbers of 40 bits: as in
// textcnn/recipe/ngrams/letters.py, whose hashes have more.
function partKeys(word, longest) {
  const letters = Array.from(`<${word}>`, (letter) => BigInt(letter.codePointAt(0)));
  const keys = [];
  for (let size = 3; size <= longest; size++) {
    for (let start = 0; start + size <= letters.length; start++) {
      let key = BigInt(size);
      for (const letter of letters.slice(start, start + size)) {
        key = BigInt.asUintN(64, (key + letter) * HASH_FACTOR);
        key ^= key >> 32n;
      }
      keys.push(Number(key >> 24n));
    }
  }
  return keys;
}
