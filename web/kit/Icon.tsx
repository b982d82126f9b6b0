/** 16 × 16 paths, filled with the text colour. */
const PATHS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 2.5h3v11H4zM9 2.5h3v11H9z",
  step: "M3 2.5v11l7-5.5zM11 2.5h2v11h-2z",
  back: "M13 2.5v11L6 8zM3 2.5h2v11H3z",
  stepEpoch: "M1.5 3v10L7 8zM7 3v10l5.5-5zM13 3h1.8v10H13z",
  reset: "M8 2.5a5.5 5.5 0 1 1-5.2 3.7l1.6.5A3.9 3.9 0 1 0 8 4.1V7L4.2 3.4 8 0z",
  remove: "m3.5 2.4 4.5 4.5 4.5-4.5 1.1 1.1L9.1 8l4.5 4.5-1.1 1.1L8 9.1l-4.5 4.5-1.1-1.1L6.9 8 2.4 3.5z",
  keyboard:
    "M1 3.5h14v9H1zM2.4 4.9v6.2h11.2V4.9zM4 6h1.4v1.4H4zm2.7 0h1.4v1.4H6.7zm2.7 0h1.4v1.4H9.4zM4.6 8.7h6.8v1.3H4.6z",
} as const;

export type IconName = keyof typeof PATHS;

/** A decorative icon beside text. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
