// Word vectors as they were before training, drawn again with NumPy's generator, PCG64: a counter of
// 128 bits is multiplied and added to, and its two halves are mixed (O'Neill 2014, XSL-RR). Long
// numbers are eight digits in base 65536 here, the lowest first: JavaScript's own are too short.

const MULTIPLIER = "2360ed051fc65da44385df649fccf645";

// 32 hexadecimal digits, the highest first.
function digitsOf(hexadecimal) {
  const digit = (_, k) => parseInt(hexadecimal.slice(28 - 4 * k, 32 - 4 * k), 16);
  return Float64Array.from({ length: 8 }, digit);
}

// So many numbers in ±0.25.
function drawn({ state, increment }, count) {
  const multiplier = digitsOf(MULTIPLIER);
  const added = digitsOf(increment);
  let counter = digitsOf(state);
  let next = digitsOf(state);
  const values = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let carry = 0;
    for (let k = 0; k < 8; k++) {
      let sum = carry + added[k];
      for (let j = 0; j <= k; j++) sum += counter[j] * multiplier[k - j];
      carry = Math.floor(sum / 65536);
      next[k] = sum - 65536 * carry;
    }
    [counter, next] = [next, counter];
    values[i] = fraction(counter) / 2 - 0.25;
  }
  return values;
}

// A number from 0 up to 1: the halves of the counter, one laid over the other and turned to the
// right by as many bits as its six highest say; of the result, the highest 53 bits.
function fraction(digits) {
  let low = (digits[0] ^ digits[4]) | ((digits[1] ^ digits[5]) << 16);
  let high = (digits[2] ^ digits[6]) | ((digits[3] ^ digits[7]) << 16);
  const turn = digits[7] >> 10;
  if (turn & 32) [low, high] = [high, low];
  const bits = turn & 31;
  if (bits) {
    [low, high] = [
      (low >>> bits) | (high << (32 - bits)),
      (high >>> bits) | (low << (32 - bits)),
    ];
  }
  return ((high >>> 0) * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}
