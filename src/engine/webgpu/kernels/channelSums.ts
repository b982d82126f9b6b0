import { type ActivationShape, elementCount } from "../../../model/index.js";
import { addTerms, type Element, eachIndex, largestDivisor, THREADS } from "./layerKernels.js";

/** Terms of a sum that are loaded together at most, and that a thread has at least. */
const TERMS_AT_ONCE = 20;
const LEAST_TERMS = 4;

/** The channels of an input, the values of each, and the parts that these are divided into: all the same, so many terms. */
export function channelExtents(input: ActivationShape) {
  const [channels] = input;
  const places = elementCount(input) / channels;
  const parts = largestDivisor(places, Math.min(Math.floor(THREADS / channels), Math.floor(places / LEAST_TERMS)));
  return { channels, places, parts, terms: places / parts };
}

/** How many parts the threads leave of so many sums of each channel; 0 if a thread sums a channel alone. */
export function channelPartCount(input: ActivationShape, sums: number): number {
  const { channels, parts } = channelExtents(input);
  return parts > 1 ? sums * channels * parts : 0;
}

/** A thread for each part `s` of a `channel`. */
export function eachPart(input: ActivationShape, body: string): string {
  const { channels, parts } = channelExtents(input);
  return eachIndex(channels * parts, "s", `let channel = s / ${parts}u;\n${body}`);
}

/** Passes through the terms of part `s`: threads side by side take values side by side. */
export function eachTerm(
  input: ActivationShape,
  loads: (place: string) => readonly string[],
  add: (...loaded: string[]) => string,
): string {
  const { places, parts, terms } = channelExtents(input);
  const atOnce = largestDivisor(terms, TERMS_AT_ONCE);
  const loop = addTerms({ index: "k", end: "end", step: parts, atOnce, loads, add });
  return `{
        var k = channel * ${places}u + s % ${parts}u;
        let end = (channel + 1u) * ${places}u;
        ${loop}
      }`;
}

/** One of the two sums that part `part` of a `channel` has left. */
export function partOf(parts: Element, input: ActivationShape, which: number): string {
  return parts(`2u * (channel * ${channelExtents(input).parts}u + part) + ${which}u`);
}

/**
 * Two sums of each channel, by all threads.
 *
 * @param parts where threads that share a sum leave their parts; undefined if a thread sums alone
 * @param sums declares both for part `s` of a `channel`, as variables
 * @param store what is done with the sums of a `channel`
 */
export function channelSums(
  input: ActivationShape,
  parts: Element | undefined,
  names: readonly [string, string],
  sums: string,
  store: string,
): string[] {
  const [first, second] = names;
  if (!parts) return [eachPart(input, `${sums} ${store}`)];
  const { channels, parts: count } = channelExtents(input);
  const add = `
        var ${first} = 0.0;
        var ${second} = 0.0;
        for (var part = 0u; part < ${count}u; part++) {
          ${first} += ${partOf(parts, input, 0)};
          ${second} += ${partOf(parts, input, 1)};
        }
        ${store}`;
  return [
    eachPart(input, `${sums} ${parts("2u * s")} = ${first}; ${parts("2u * s + 1u")} = ${second};`),
    eachIndex(channels, "channel", add),
  ];
}
