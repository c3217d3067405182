import { StrongroomError } from '../domain/errors.ts';
import type { ContainerConfig, TaskConfig, TaskName } from '../domain/container-config.ts';

/** The task that a container is asked to do. Fails with `E_CONTAINER_CONFIG` where its config does not have it. */
export function taskOf(config: ContainerConfig, name: TaskName): TaskConfig {
  const task = config.tasks[name];
  if (task) return task;
  throw new StrongroomError('E_CONTAINER_CONFIG', `The container has no task "${name}".`, {
    next: `Add tasks.${name} to its config: models have "infer", metrics containers have "evaluate".`,
  });
}
