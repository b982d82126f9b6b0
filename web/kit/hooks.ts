import { type ReadonlySignal, useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Whether a media query matches, kept up to date. */
export function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const onChange = () => setMatches(list.matches);
    list.addEventListener("change", onChange);
    return () => list.removeEventListener("change", onChange);
  }, [query]);
  return matches;
}

/** The width of an element's content box, kept up to date. */
export function useWidth<Of extends Element>(): [ref: RefObject<Of | null>, width: number] {
  const ref = useRef<Of>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [ref, width];
}

/** How much larger than usual the page's text is, as it is on a projector; not less than 1. */
export function useScale(): number {
  const [scale, setScale] = useState(textScale);
  useEffect(() => {
    const onResize = () => setScale(textScale());
    addEventListener("resize", onResize);
    return () => removeEventListener("resize", onResize);
  }, []);
  return scale;
}

function textScale(): number {
  return Math.max(1, Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16);
}

/** Whether any part of an element is in sight. */
export function useInSight<Of extends Element>(): [ref: RefObject<Of | null>, isInSight: ReadonlySignal<boolean>] {
  const ref = useRef<Of>(null);
  const isInSight = useSignal(true);
  useEffect(() => {
    const element = ref.current;
    if (!element) return;
    const observer = new IntersectionObserver(([entry]) => {
      isInSight.value = entry.isIntersecting;
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [isInSight]);
  return [ref, isInSight];
}
