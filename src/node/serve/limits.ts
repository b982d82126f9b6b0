import { createHash, timingSafeEqual } from "node:crypto";
import { RequestError } from "./requestError.js";

/** Allows each client a number of requests per second, and as many at once (a token bucket per address). */
export class RateLimiter {
  private readonly perSecond: number;
  /** Requests left, and when that was computed, in seconds. */
  private readonly buckets = new Map<string, { left: number; at: number }>();

  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  /** Counts a request. @throws RequestError 429 if the client has none left */
  take(client: string, now = performance.now() / 1000): void {
    const bucket = this.buckets.get(client) ?? { left: this.perSecond, at: now };
    bucket.left = Math.min(this.perSecond, bucket.left + (now - bucket.at) * this.perSecond);
    bucket.at = now;
    // Last, so that the first in the map is the longest unused.
    this.buckets.delete(client);
    this.buckets.set(client, bucket);
    if (this.buckets.size > MOST_CLIENTS) this.buckets.delete(this.buckets.keys().next().value!);
    if (bucket.left < 1) throw new RequestError(429, `more than ${this.perSecond} requests per second`);
    bucket.left--;
  }
}

const MOST_CLIENTS = 10_000;

/** Bounds the memory of all bodies that are being received. */
export class BodyBudget {
  private left: number;

  constructor(bytes: number) {
    this.left = bytes;
  }

  /** Reserves bytes. @returns whether there were as many left */
  reserve(bytes: number): boolean {
    if (bytes > this.left) return false;
    this.left -= bytes;
    return true;
  }

  release(bytes: number): void {
    this.left += bytes;
  }
}

/** Checks for the header `Authorization: Bearer TOKEN`, in the same time whatever the header is. */
export function tokenCheck(token: string): (header: string | undefined) => boolean {
  const hash = (text: string) => createHash("sha256").update(text).digest();
  const expected = hash(`Bearer ${token}`);
  return (header) => header !== undefined && timingSafeEqual(hash(header), expected);
}

/** Whether an address is one that only this machine reaches. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** Whether the header `Host` names this machine: a page of another host that was made to resolve here does not. */
export function namesLoopback(header: string | undefined): boolean {
  if (header === undefined) return false;
  const host = header.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return isLoopback(host);
}
