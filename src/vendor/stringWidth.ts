/** How many columns of a terminal a text takes: two for a Chinese character. */
export { default as stringWidth } from "string-width";
