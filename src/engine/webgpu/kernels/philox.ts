import { PHILOX_KEY_INCREMENTS, PHILOX_MULTIPLIERS, PHILOX_ROUNDS } from "../../../numeric/philox.js";

/** The generator of numeric/philox.ts: `philox` gives the four words of a block. */
export const PHILOX_FUNCTIONS = `
// The high 32 bits of the 64-bit product.
fn multiplyHigh(a: u32, b: u32) -> u32 {
  let aLow = a & 0xffffu;
  let bLow = b & 0xffffu;
  let middle = (a >> 16u) * bLow + ((aLow * bLow) >> 16u);
  let carry = aLow * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (carry >> 16u);
}

fn philox(counter: vec4u, seed: vec2u) -> vec4u {
  var c = counter;
  var key = seed;
  for (var round = 0u; round < ${PHILOX_ROUNDS}u; round++) {
    let first = multiplyHigh(${PHILOX_MULTIPLIERS[0]}u, c.x);
    let second = multiplyHigh(${PHILOX_MULTIPLIERS[1]}u, c.z);
    c = vec4u(second ^ c.y ^ key.x, ${PHILOX_MULTIPLIERS[1]}u * c.z, first ^ c.w ^ key.y, ${PHILOX_MULTIPLIERS[0]}u * c.x);
    key += vec2u(${PHILOX_KEY_INCREMENTS[0]}u, ${PHILOX_KEY_INCREMENTS[1]}u);
  }
  return c;
}
`;
