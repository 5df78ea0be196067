// The network of Kim (2014), forward only: words become vectors, filters of some heights slide over
// the sentence, each filter keeps its largest value over time, and a dense layer weighs these.

const REMEMBERED = 4096; // Words whose projections are kept, so that typing costs little.

class Network {
  constructor(header, arrayOf) {
    this.heights = header.filter_sizes;
    this.numFilters = header.num_filters;
    this.words = arrayOf("words").values; // V vectors of D numbers
    [this.dim, this.numRows] = arrayOf("filters").shape;
    this.filters = arrayOf("filters").values; // D x K x F, K filter rows of all heights
    this.steps = arrayOf("steps").values; // what projections are rounded to, for each filter
    this.filterBias = arrayOf("filter_bias").values;
    this.dense = arrayOf("dense").values; // C rows of a weight for each filter
    this.numLabels = header.labels.length;
    this.projections = new Map();
  }

  // A word's vector times every filter row, K x F, in whole steps. A convolution is linear in each
  // word, so a window's value is the sum of what its words have here.
  projection(word) {
    let sums = this.projections.get(word);
    if (sums) return sums;
    const { dim, filters } = this;
    const width = this.numRows * this.numFilters;
    sums = new Float32Array(width);
    for (let d = 0; d < dim; d++) {
      const number = this.words[word * dim + d];
      const row = d * width;
      for (let k = 0; k < width; k++) sums[k] += number * filters[row + k];
    }
    let row = 0;
    this.heights.forEach((height, index) => {
      const first = index * this.numFilters;
      for (const end = row + height * this.numFilters; row < end; row++) {
        sums[row] = Math.round(sums[row] / this.steps[first + (row % this.numFilters)]);
      }
    });
    if (this.projections.size >= REMEMBERED) this.projections.clear();
    this.projections.set(word, sums);
    return sums;
  }

  // Every filter's largest value over time, in steps, and where its window began. Windows hang over
  // both ends of the sentence, where there is nothing to add.
  pooled(sentence) {
    const { heights, numFilters } = this;
    const projected = sentence.map((word) => this.projection(word));
    const maxima = new Float32Array(heights.length * numFilters).fill(-Infinity);
    const starts = new Int32Array(maxima.length);
    const window = new Float32Array(numFilters);
    let firstRow = 0;
    heights.forEach((height, index) => {
      const offset = index * numFilters;
      const end = Math.max(sentence.length, 2 - height); // An empty sentence has one window.
      for (let start = 1 - height; start < end; start++) {
        window.fill(0);
        for (let j = 0; j < height; j++) {
          const sums = projected[start + j];
          if (!sums) continue;
          const row = (firstRow + j) * numFilters;
          for (let f = 0; f < numFilters; f++) window[f] += sums[row + f];
        }
        for (let f = 0; f < numFilters; f++) {
          if (window[f] > maxima[offset + f]) {
            maxima[offset + f] = window[f];
            starts[offset + f] = start;
          }
        }
      }
      firstRow += height;
    });
    return { maxima, starts };
  }

  // Calls add(start, end, label, amount) for all that the network adds to the logits; start and end
  // are those of the words concerned.
  explain(sentence, add) {
    const { maxima, starts } = this.pooled(sentence);
    const numFeatures = maxima.length;
    for (let f = 0; f < numFeatures; f++) {
      const feature = maxima[f] * this.steps[f] + this.filterBias[f];
      if (feature <= 0) continue; // ReLU
      const height = this.heights[Math.floor(f / this.numFilters)];
      const start = Math.max(starts[f], 0);
      const end = Math.min(starts[f] + height, sentence.length);
      for (let label = 0; label < this.numLabels; label++) {
        add(start, end, label, feature * this.dense[label * numFeatures + f]);
      }
    }
  }
}
