import { expect, test } from "vitest";
import { letters, Markup, markup, shortened } from "./markup.js";

test("escapes inserted text, also in attributes, but not markup", () => {
  const name = `<script>alert("1")</script> & 'x'\u0000`;
  const inner = markup`<b title="${name}">${name}</b>`;
  const escaped = "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; 'x'";
  expect(inner.text).toBe(`<b title="${escaped}">${escaped}</b>`);
  expect(markup`<i>${inner}</i>`.text).toBe(`<i>${inner.text}</i>`);
  expect(markup`${new Markup("<hr>")}`.text).toBe("<hr>");
});

test("concatenates lists, and inserts nothing for undefined and false", () => {
  expect(markup`[${["<", 1, markup`<br>`, undefined, false, ["a", ["b"]]]}]${undefined}`.text).toBe("[&lt;1<br>ab]");
});

test("shortens text between characters, not within one", () => {
  expect(shortened("abc", 3)).toBe("abc");
  expect(shortened("👟👟👟", 3)).toBe("👟👟👟");
  expect(shortened("👟👟👟👟", 3)).toBe("👟👟…");
});

test("counts a Chinese character as two letters", () => {
  expect(letters("a猫、b")).toBe(6);
  expect(shortened("猫和狗", 6)).toBe("猫和狗");
  expect(shortened("猫和狗", 5)).toBe("猫和…");
  expect(shortened("猫和狗", 4)).toBe("猫…");
});
