// From text to a model: base 85, deflate, and whole numbers of steps. The other direction, and the
// reasons, are in textcnn/inference/export/packing.py.

const DIGITS =
  "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%.()*+-;,=>?@^_`{|}~";

// Five digits of base 85 hold four bytes.
function bytesOf(text) {
  const digitOf = new Uint8Array(128);
  for (let digit = 0; digit < 85; digit++) digitOf[DIGITS.charCodeAt(digit)] = digit;
  const view = new DataView(new ArrayBuffer((text.length / 5) * 4));
  for (let at = 0, to = 0; at < text.length; at += 5, to += 4) {
    let number = 0;
    for (let k = 0; k < 5; k++) number = number * 85 + digitOf[text.charCodeAt(at + k)];
    view.setUint32(to, number);
  }
  return new Uint8Array(view.buffer);
}

async function inflated(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// Whole numbers from byte planes: all low bytes first, then all bytes above.
function fromPlanes(raw, count) {
  const whole = new Float64Array(count);
  for (let plane = 0, weight = 1; plane < raw.length; plane += count, weight *= 256) {
    for (let i = 0; i < count; i++) whole[i] += raw[plane + i] * weight;
  }
  return whole;
}

// Steps to numbers, added to those in values; 0, 1, 2, 3, 4 steps stand for 0, -1, 1, -2, 2.
function addSteps(values, whole, step) {
  for (let i = 0; i < whole.length; i++) {
    values[i] += (whole[i] % 2 ? -(whole[i] + 1) / 2 : whole[i] / 2) * step;
  }
  return values;
}

// One array: { shape, values }, the values a row after another.
function restored(part, raw) {
  if (part.kind === "floats") {
    return { shape: part.shape, values: new Float32Array(raw.buffer) };
  }
  if (part.kind === "keys") {
    const keys = fromPlanes(raw, part.count); // Each less the one before it.
    for (let i = 1; i < keys.length; i++) keys[i] += keys[i - 1];
    return { shape: [part.count], values: keys };
  }
  const size = part.shape.reduce((product, length) => product * length, 1);
  const start = part.start ? drawn(part.start, size) : new Float32Array(size);
  return { shape: part.shape, values: addSteps(start, fromPlanes(raw, size), part.step) };
}

// { header, arrays } of a packed model.
async function unpack(text) {
  const bytes = bytesOf(text);
  let start = 4 + new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(await inflated(bytes.subarray(4, start))));
  const arrays = {};
  for (const part of header.parts) {
    const raw = await inflated(bytes.subarray(start, start + part.bytes));
    arrays[part.name] = restored(part, raw);
    start += part.bytes;
  }
  return { header, arrays };
}
