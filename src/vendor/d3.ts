/** The scales and shapes of charts. */
export { type ScaleContinuousNumeric, scaleLinear, scaleLog } from "d3-scale";
export {
  area,
  line,
  type SymbolType,
  symbol,
  symbolCircle,
  symbolDiamond2,
  symbolSquare,
  symbolStar,
  symbolTriangle,
} from "d3-shape";
