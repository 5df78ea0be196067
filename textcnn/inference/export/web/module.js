// The module: import { load } from "./model.mjs"; const model = await load(); model.classify("…")

const PACKED = "{{model}}";

export async function load() {
  return new Model(await unpack(PACKED));
}
