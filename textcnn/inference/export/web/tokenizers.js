// Text to tokens, as textcnn/core/tokenizers.py does: a network understands only the tokens that it was
// trained on.

const KIM = /[(),!?]|[A-Za-z0-9'`](?:(?!'s|'ve|n't|'re|'d|'ll)[A-Za-z0-9'`])*/g;

// Blocks of scripts that put no space between words: Thai and Lao, Burmese, Khmer, kana, Han.
const UNSPACED =
  "\\u0e00-\\u0eff\\u1000-\\u109f\\u1780-\\u17ff\\u3040-\\u30ff" +
  "\\u3400-\\u4dbf\\u4e00-\\u9fff\\uf900-\\ufaff\\u{20000}-\\u{323af}";

// English, as Kim's clean_str: letters, digits and a few marks; 's, n't and the like split off.
function kim(text) {
  return (text.match(KIM) ?? []).map((token) => token.toLowerCase());
}

// A tokenizer of this name. The two for all languages bring Python's tables of characters.
function tokenizerOf(name, characters) {
  if (name === "kim") return kim;
  const { marks, letters, spaces } = characters;
  const folds = new Map(Object.entries(characters.folds));
  const letter = `(?:(?![${UNSPACED}])[${letters}][${marks}]*)`;
  const patterns = {
    unicode: `[${UNSPACED}][${marks}]*|${letter}+(?:['’]${letter}+)*|[^${letters}${spaces}\\0]`,
    characters: `[^${spaces}\\0${marks}][${marks}]*`,
  };
  const pattern = new RegExp(patterns[name], "gu");
  const mark = `[${marks}\\uff9e\\uff9f]`;
  const longRuns = new RegExp(`(${mark}{30})${mark}+`, "gu");
  return (text) => {
    const normal = text.replace(longRuns, "$1").normalize("NFKC");
    const folded = Array.from(normal, (one) => folds.get(one) ?? one).join("");
    return folded.match(pattern) ?? [];
  };
}
