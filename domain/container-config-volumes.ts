/** `input_volumes` and `output_volumes` of a task: which of its volumes the container sees, and where. */
import type { Mount, TaskName } from './container-config.ts';
import { TASK_VOLUMES } from './container-config.ts';
import type { Complain, Field } from './yaml-reader.ts';
import { fieldsOf, isAbsent, knownFields, textOf } from './yaml-reader.ts';

type Volumes = Record<string, Mount>;

/** Where the container's own system lives: a mount there would change how it is isolated. */
const RESERVED = ['/proc', '/sys', '/dev', '/run/secrets'];

/** Parses both lists. A volume is in one of them, once; no mount lies on or inside another one. */
export function parseTaskVolumes(
  name: TaskName,
  task: Field,
  inputs: unknown,
  outputs: unknown,
  complain: Complain,
): { inputVolumes: Volumes; outputVolumes: Volumes } {
  const taken = new Map<string, string>();
  const inputVolumes = parseVolumes(name, 'input_volumes', inputs, taken, complain);
  const outputVolumes = parseVolumes(name, 'output_volumes', outputs, taken, complain);
  if ('output_path' in outputVolumes) return { inputVolumes, outputVolumes };
  const next = 'Add output_path with its mount_path and type to output_volumes.';
  throw complain(task.node, `The task "${name}" has nowhere to write its result.`, next);
}

function parseVolumes(
  task: TaskName,
  list: string,
  node: unknown,
  taken: Map<string, string>,
  complain: Complain,
): Volumes {
  if (isAbsent(node)) return {};
  const volumes: Volumes = {};
  const known: readonly string[] = [...TASK_VOLUMES[task].inputs, ...TASK_VOLUMES[task].outputs];
  for (const volume of fieldsOf(node, `"${list}"`, complain)) {
    if (!known.includes(volume.name)) {
      const next = `Known are: ${known.join(', ')}.`;
      throw complain(volume.node, `The task "${task}" has no volume ${JSON.stringify(volume.name)}.`, next);
    }
    if (taken.has(volume.name)) {
      throw complain(volume.node, `The volume "${volume.name}" is listed twice.`, 'Keep it in one of the two lists.');
    }
    const mount = parseMount(volume, complain);
    refuseOverlap(mount, volume, taken, complain);
    taken.set(volume.name, mount.mountPath);
    volumes[volume.name] = mount;
  }
  return volumes;
}

function parseMount(volume: Field, complain: Complain): Mount {
  const what = `The volume "${volume.name}"`;
  const fields = knownFields(volume.value, what, ['mount_path', 'type'] as const, complain);
  const next = 'Write mount_path and type, for instance {mount_path: /mlcommons/volumes/data, type: directory}.';
  if (!fields.mount_path || !fields.type) {
    throw complain(volume.node, `${what} has no ${fields.type ? 'mount_path' : 'type'}.`, next);
  }
  const type = textOf(fields.type.value, `"type" of ${volume.name}`, complain);
  if (type !== 'file' && type !== 'directory') {
    throw complain(fields.type.value, `${JSON.stringify(type)} is not a type of volume.`, 'Write file or directory.');
  }
  return { mountPath: parseMountPath(fields.mount_path.value, complain), type };
}

function parseMountPath(node: unknown, complain: Complain): string {
  const path = textOf(node, '"mount_path"', complain);
  const refuse = (why: string) =>
    complain(
      node,
      `The mount path ${JSON.stringify(path)} ${why}.`,
      'Write a folder of its own, for instance /mlcommons/volumes/data.',
    );
  if (!path.startsWith('/')) throw refuse('is relative');
  if (path === '/') throw refuse('would hide the whole image');
  const parts = path.slice(1).split('/');
  if (parts.includes('..') || parts.includes('.')) throw refuse('leads through "." or ".."');
  if (parts.includes('')) throw refuse('has an empty part');
  if (path.length > 255 || !parts.every((part) => /^[\w.@+-]+$/.test(part))) throw refuse('holds unusual characters');
  if (path === '/tmp' || RESERVED.some((folder) => isInside(path, folder)))
    throw refuse('belongs to the container itself');
  return path;
}

function refuseOverlap(mount: Mount, volume: Field, taken: Map<string, string>, complain: Complain): void {
  for (const [other, path] of taken) {
    if (isInside(mount.mountPath, path) || isInside(path, mount.mountPath)) {
      const how = mount.mountPath === path ? 'are mounted at the same place' : 'lie one inside the other';
      throw complain(
        volume.value,
        `The volumes "${other}" and "${volume.name}" ${how}.`,
        'Give each a path of its own.',
      );
    }
  }
}

const isInside = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`);
