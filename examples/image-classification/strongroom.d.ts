/** What a handler gets beside its input. For editors and the compiler only; nothing of it is left when it runs. */
export interface Context {
  /** A model of function.yaml, by its path: `const model = context.model('model.onnx')`. */
  model(path: string): Model;
  /** A JPEG or PNG as numbers, resized and cut. Refuses anything else, and more than 50 megapixels. */
  picture(input: Uint8Array, wish: PictureWish): Promise<Picture>;
  /** Exactly `count` numbers (float32, little-endian). Refuses another length, NaN and infinity. */
  floats(input: Uint8Array, count: number): Float32Array;
}

export interface Model {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

export interface Tensor {
  readonly type: 'float32' | 'int64' | 'int32' | 'uint8' | 'bool';
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
  readonly dims: readonly number[];
}

export interface PictureWish {
  /** The shorter side after resizing; the picture keeps its form. */
  readonly shorterSide: number;
  /** Side of the square that is cut from the middle; without it the picture stays as it is. */
  readonly crop?: number;
  readonly kernel?: 'cubic' | 'linear';
  readonly colour?: 'rgb' | 'grey';
}

export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Row by row, the channels of a pixel side by side. */
  readonly pixels: Uint8Array;
}
