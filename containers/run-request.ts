/** What is asked for when a task of a container is to be run. */
import type { TaskConfig, TaskName } from '../domain/container-config.ts';
import type { ImageDigest } from '../domain/ids.ts';
import type { RunLimits } from './run-limits.ts';

export interface IsolatedRun {
  /** Under this label the container is found again, should this process die. */
  readonly runId: string;
  /** What the engine calls the image: `LoadedImage.engineId`. */
  readonly image: ImageDigest;
  readonly taskName: TaskName;
  readonly task: TaskConfig;
  /** Absolute paths on this machine by name of the volume; outputs are made where they are missing. */
  readonly volumes: Readonly<Record<string, string>>;
  readonly limits: RunLimits;
  /** Gets what the container prints; readable by its owner only. */
  readonly logFile: string;
  readonly signal?: AbortSignal;
  /** Told a few times a second how many bytes the container has written. */
  readonly onOutput?: (outputBytes: number) => void;
}
