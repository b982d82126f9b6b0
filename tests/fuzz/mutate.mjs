/** Integers at the edges of what parsers compute with. */
const EDGES = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff];
const LONGEST = 65_536;

/** A small generator of random integers (xorshift32), the same for the same seed. */
export class Random {
  #state;

  constructor(seed) {
    this.#state = seed * 2_654_435_761 || 1;
  }

  /** An integer from 0 to `limit - 1`. */
  below(limit) {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return limit === 0 ? 0 : (this.#state >>> 0) % limit;
  }

  pick(list) {
    return list[this.below(list.length)];
  }
}

/** Changes an input in one to eight places. Parts of other inputs may be inserted or take the place of its own. */
export function mutate(input, corpus, random) {
  let bytes = Buffer.from(input);
  for (let changes = 1 << random.below(4); changes > 0; changes--) {
    bytes = random.pick(MUTATIONS)(bytes, random, corpus);
  }
  return bytes.subarray(0, LONGEST);
}

const MUTATIONS = [
  (bytes, random) =>
    overwritten(bytes, random.below(bytes.length), [bytes.at(random.below(bytes.length)) ^ (1 << random.below(8))]),
  (bytes, random) => overwritten(bytes, random.below(bytes.length), [random.below(256)]),
  (bytes, random) => overwritten(bytes, random.below(bytes.length), edge(random)),
  (bytes, random) => spliced(bytes, random, Buffer.alloc(0), 1 + random.below(16)),
  (bytes, random) => spliced(bytes, random, Buffer.alloc(1 + random.below(32), random.below(256)), 0),
  (bytes, random) => spliced(bytes, random, piece(bytes, random), 0),
  (bytes, random, corpus) =>
    spliced(bytes, random, piece(random.pick(corpus), random), random.below(2) * random.below(64)),
  (bytes, random, corpus) =>
    spliced(bytes, random, word(random.pick(corpus), random), random.below(2) * random.below(16)),
  (bytes, random) => (random.below(8) === 0 ? bytes.subarray(0, random.below(bytes.length + 1)) : bytes),
  repeatedPiece,
];

/** An edge as 1 to 8 bytes, in either order. */
function edge(random) {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64LE(BigInt(random.pick(EDGES)) * (random.below(4) === 0 ? -1n : 1n) + BigInt(random.below(3) - 1));
  const cut = bytes.subarray(0, 1 << random.below(4));
  return random.below(2) === 0 ? cut : cut.toReversed();
}

function overwritten(bytes, place, values) {
  bytes.set([...values].slice(0, bytes.length - place), place);
  return bytes;
}

/** Inserts a piece in place of `removed` bytes. */
function spliced(bytes, random, inserted, removed) {
  const place = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, place), inserted, bytes.subarray(place + removed)]);
}

function piece(bytes, random) {
  const begin = random.below(bytes.length);
  return bytes.subarray(begin, begin + 1 + random.below(1 << random.below(10)));
}

/** A word or number of an input that is text, or partly text. */
function word(bytes, random) {
  const words = bytes
    .subarray(0, 4096)
    .toString("latin1")
    .match(/[\w.+-]+|"[^"]*"/g) ?? [""];
  return Buffer.from(random.pick(words), "latin1");
}

/** Repeats a piece many times, as nesting and long lists need. */
function repeatedPiece(bytes, random) {
  if (random.below(16) > 0) return bytes;
  const repeated = piece(bytes, random).subarray(0, 16);
  return spliced(bytes, random, Buffer.concat(Array(1 << random.below(12)).fill(repeated)), 0);
}
