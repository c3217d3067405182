/** The container config: what a container is and which tasks it can do, as its author wrote it in YAML. */

/** A `Function` is run in a sandbox of ours and needs no Docker; MedPerf knows the others. */
export const CONTAINER_TYPES = ['DockerImage', 'DockerArchive', 'EncryptedDockerArchive', 'Function'] as const;
export type ContainerType = (typeof CONTAINER_TYPES)[number];

export const TASK_NAMES = ['infer', 'evaluate'] as const;
export type TaskName = (typeof TASK_NAMES)[number];

export interface Mount {
  /** Absolute path inside the container. */
  readonly mountPath: string;
  readonly type: 'file' | 'directory';
}

export interface RunArgs {
  readonly command?: readonly string[];
  readonly entrypoint?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** Bytes of `/dev/shm`. */
  readonly shmSize?: number;
  readonly gpus?: string;
}

/**
 * The volumes each task may name. Which of them the container may write follows from the name here, never from the
 * list of the config that a volume was put in: a dataset stays read-only whatever the container's author wrote.
 */
export const TASK_VOLUMES = {
  infer: { inputs: ['data_path', 'parameters_file', 'additional_files'], outputs: ['output_path'] },
  evaluate: {
    inputs: ['predictions', 'labels', 'parameters_file', 'additional_files'],
    outputs: ['output_path', 'local_outputs_path'],
  },
} as const satisfies Record<TaskName, { inputs: readonly string[]; outputs: readonly string[] }>;

export interface TaskConfig {
  readonly runArgs: RunArgs;
  readonly inputVolumes: Readonly<Record<string, Mount>>;
  readonly outputVolumes: Readonly<Record<string, Mount>>;
}

export interface ContainerConfig {
  readonly containerType: ContainerType;
  /** `name:tag` of a local image, a path relative to the config's folder (of a function: its folder), or an http(s) URL. */
  readonly image: string;
  readonly tasks: Readonly<Partial<Record<TaskName, TaskConfig>>>;
}
