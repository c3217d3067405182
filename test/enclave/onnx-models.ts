/** ONNX models written by hand, field by field of onnx.proto: honest ones, and those that no exporter would write. */

type Part = Buffer | readonly Part[];

const varint = (value: number | bigint): Buffer => {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Buffer.from(bytes);
};
const flat = (part: Part): Buffer => (Buffer.isBuffer(part) ? part : Buffer.concat(part.map(flat)));
const number = (field: number, value: number | bigint): Buffer => Buffer.concat([varint(field << 3), varint(value)]);
const part = (field: number, content: Part | string): Buffer => {
  const bytes = typeof content === 'string' ? Buffer.from(content) : flat(content);
  return Buffer.concat([varint((field << 3) | 2), varint(bytes.length), bytes]);
};

export const FLOAT = 1;
export const INT64 = 7;

export interface TensorParts {
  readonly name: string;
  readonly type?: number;
  readonly dims: readonly (number | bigint)[];
  readonly raw?: Buffer;
  /** Where its data is said to lie instead. */
  readonly external?: string;
}

export const tensor = ({ name, type = FLOAT, dims, raw, external }: TensorParts): Buffer =>
  flat([
    ...dims.map((dim) => number(1, dim)),
    number(2, type),
    part(8, name),
    ...(raw ? [part(9, raw)] : []),
    ...(external === undefined ? [] : [part(13, [part(1, 'location'), part(2, external)]), number(14, 1)]),
  ]);

const int64s = (values: readonly (number | bigint)[]): Buffer => {
  const raw = Buffer.alloc(values.length * 8);
  values.forEach((value, at) => raw.writeBigInt64LE(BigInt(value), at * 8));
  return raw;
};

/** A list of whole numbers as an initializer. */
export const shapeTensor = (name: string, values: readonly (number | bigint)[]): Buffer =>
  tensor({ name, type: INT64, dims: [values.length], raw: int64s(values) });

export interface NodeParts {
  readonly op: string;
  readonly from: readonly string[];
  readonly to: readonly string[];
  readonly domain?: string;
  readonly attributes?: readonly Buffer[];
}

const nodeOf = ({ op, from, to, domain = '', attributes = [] }: NodeParts): Buffer =>
  flat([
    ...from.map((name) => part(1, name)),
    ...to.map((name) => part(2, name)),
    part(4, op),
    ...attributes.map((attribute) => part(5, attribute)),
    ...(domain === '' ? [] : [part(7, domain)]),
  ]);

export const graphAttribute = (name: string, graph: Buffer): Buffer =>
  flat([part(1, name), part(6, graph), number(20, 5)]);
export const tensorAttribute = (name: string, value: Buffer): Buffer =>
  flat([part(1, name), part(5, value), number(20, 4)]);

/** An attribute with a sparse tensor, whose values are `values`. */
export const sparseAttribute = (name: string, values: Buffer): Buffer =>
  flat([part(1, name), part(22, [part(1, values), number(3, 4)]), number(20, 11)]);

/** A value of a graph: its name, element type and dimensions; a text is a dimension left open. */
export type Value = readonly [name: string, type: number, dims: readonly (number | string)[]];

const valueOf = ([name, type, dims]: Value): Buffer => {
  const sides = dims.map((dim) => part(1, typeof dim === 'number' ? number(1, dim) : part(2, dim)));
  return flat([part(1, name), part(2, part(1, [number(1, type), part(2, sides)]))]);
};

export interface GraphParts {
  readonly nodes: readonly NodeParts[];
  readonly initializers?: readonly Buffer[];
  readonly inputs?: readonly Value[];
  readonly outputs: readonly Value[];
}

export const graph = ({ nodes, initializers = [], inputs = [], outputs }: GraphParts): Buffer =>
  flat([
    ...nodes.map((node) => part(1, nodeOf(node))),
    part(2, 'g'),
    ...initializers.map((initializer) => part(5, initializer)),
    ...inputs.map((value) => part(11, valueOf(value))),
    ...outputs.map((value) => part(12, valueOf(value))),
  ]);

/** A whole model with ONNX's own operators. */
export const model = (parts: GraphParts): Buffer => modelOf(graph(parts));
export const modelOf = (content: Buffer): Buffer => flat([number(1, 8), part(7, content), part(8, number(2, 17))]);
