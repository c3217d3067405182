/** ONNX models, loaded from memory by onnxruntime. Whoever imports this has turned its telemetry off before. */
import { InferenceSession, Tensor as OnnxTensor } from 'onnxruntime-node';
import { StrongroomError } from '../../domain/errors.ts';
import { nameFailure } from './failures.ts';

export interface Tensor {
  readonly type: 'float32' | 'int64' | 'int32' | 'uint8' | 'bool';
  readonly data: Float32Array | BigInt64Array | Int32Array | Uint8Array;
  readonly dims: readonly number[];
}

/** A model that is loaded and ready. */
export interface Model {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  /** Runs the model. Fails with `E_INPUT_INVALID` where the tensors do not fit it, `E_FUNCTION_MEMORY` where it grows too large. */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

/** Loads an ONNX model; `bytes` may be zeroed afterwards. Fails with `E_MODEL_INVALID`. */
export async function loadModel(bytes: Uint8Array, name: string, threads: number): Promise<Model> {
  const session = await createSession(bytes, name, threads);
  return {
    inputNames: session.inputNames,
    outputNames: session.outputNames,
    run: async (inputs) => (await runSession(session, inputs)) as Readonly<Record<string, Tensor>>,
  };
}

async function createSession(bytes: Uint8Array, name: string, threads: number): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(bytes, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      executionMode: 'sequential',
      graphOptimizationLevel: 'all',
      logSeverityLevel: 4,
    });
  } catch (error) {
    const named = nameFailure(error);
    if (named.code === 'E_FUNCTION_MEMORY') throw named;
    throw new StrongroomError('E_MODEL_INVALID', `The model ${JSON.stringify(name)} cannot be loaded.`, {
      why: 'onnxruntime refuses it: it is damaged, inconsistent, or uses what is not supported.',
      next: 'Load it with onnxruntime on your machine, and export it again.',
    });
  }
}

async function runSession(session: InferenceSession, inputs: Readonly<Record<string, Tensor>>): Promise<unknown> {
  const feeds: Record<string, OnnxTensor> = {};
  try {
    for (const [name, { type, data, dims }] of Object.entries(inputs)) {
      feeds[name] = new OnnxTensor(type as 'float32', data as Float32Array, dims);
    }
    return await session.run(feeds);
  } catch (error) {
    const named = nameFailure(error);
    if (named.code === 'E_FUNCTION_MEMORY') throw named;
    throw new StrongroomError('E_INPUT_INVALID', 'The model cannot take these tensors.', {
      why: 'Their names, types or dimensions are not what it expects, or they lead to an operation that fails.',
    });
  }
}
