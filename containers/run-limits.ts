/** How much of the machine a container may take. */
export interface RunLimits {
  readonly memoryBytes: number;
  /** Processors; 0.5 is half of one. As many as there are, where there are fewer. */
  readonly cpus: number;
  readonly pids: number;
  /** Seconds for the whole run, whatever the container prints meanwhile. */
  readonly timeoutSeconds: number;
  /** Bytes of everything that it writes to its output volumes. */
  readonly outputMaxBytes: number;
  /** Bytes of `/dev/shm`; a config may ask for less. */
  readonly shmBytes: number;
}

export const DEFAULT_RUN_LIMITS: RunLimits = {
  memoryBytes: 4 * 2 ** 30,
  cpus: 2,
  pids: 256,
  timeoutSeconds: 3_600,
  outputMaxBytes: 2 ** 30,
  shmBytes: 2 ** 30,
};
