import { expect, it } from "vitest";
import { influencesOf } from "../influence.js";
import { sweepSvg } from "../sweep.js";
import { type SweepPage, sweepPage } from "./sweepPage.js";

const run = (name: string, seed: number, validationAccuracy?: number) => ({
  name,
  label: String(seed),
  validationAccuracy,
  testAccuracy: validationAccuracy,
  isFinished: validationAccuracy !== undefined,
});

const page: SweepPage = {
  title: 'a <b> & "c"',
  subtitle: "best validation accuracy of each run",
  generated: false,
  combinations: [
    {
      label: "lr=1e-3 augment=none",
      runs: [run("lr=1e-3_augment=none_seed=1", 1, 0.9), run("lr=1e-3_augment=none_seed=0", 0, 0.8)],
      validationAccuracy: { mean: 0.85, std: 0.07 },
      seconds: 61,
    },
    { label: "lr=9", runs: [run("lr=9_seed=0", 0)] },
  ],
  influences: influencesOf([
    { settings: { lr: "1", seed: "0" }, accuracy: 0.9 },
    { settings: { lr: "1", seed: "1" }, accuracy: 0.8 },
    { settings: { lr: "2", seed: "0" }, accuracy: 0.7 },
  ]),
};

it("links the reports of finished runs, the best first, and escapes what it shows", async () => {
  const html = await sweepPage(page);
  expect(html).toContain("<title>a &lt;b&gt; &amp; &quot;c&quot;</title>");
  expect(html).not.toContain("<script");
  const links = [...html.matchAll(/href="([^#"]+)\/report\.html"/g)].map(([, folder]) => decodeURIComponent(folder));
  const seeds = [1, 0].map((seed) => `lr=1e-3_augment=none_seed=${seed}`);
  // Among the best, and in the row of their combination.
  expect(links).toEqual([...seeds, ...seeds]);
  expect(html).toContain("<td>85.00 ± 7.00 %</td><td>–</td>");
  expect(html).toMatch(/<h3>lr: \d+ %<\/h3>/);
  expect(html).not.toContain("which all have");
  expect(await sweepPage({ ...page, comparedAfter: 4 })).toContain(
    "All runs are compared after 4 epochs, which all have.",
  );
});

it("draws every run, the means, and the settings", () => {
  const { title, subtitle, influences } = page;
  const combinations = page.combinations.map(({ label, runs }) => ({
    label,
    accuracies: runs.flatMap(({ validationAccuracy }) => validationAccuracy ?? []),
  }));
  const svg = sweepSvg({ title, subtitle, combinations, influences });
  expect(svg).toContain("lr=1e-3 augment=none");
  // Two runs and their mean, and one of each in the legend.
  expect(svg.match(/transform="translate\([\d.]+ [\d.]+\)" fill="#0072b2"/g)).toHaveLength(2 + 1);
  expect(svg.match(/fill="#d55e00"/g)).toHaveLength(1 + 1);
  expect(svg.match(/stroke-width="12"/g)).toHaveLength(influences.filter(({ share }) => share !== undefined).length);
  const many = Array.from({ length: 200 }, (_, index) => ({ label: `lr=${index}`, accuracies: [index / 200] }));
  const height = Number(/height="(\d+)"/.exec(sweepSvg({ title, subtitle, combinations: many, influences: [] }))?.[1]);
  expect(height).toBeLessThan(800);
  expect(sweepSvg({ title, subtitle, combinations: [], influences: [] })).toContain("no run was finished");
});
