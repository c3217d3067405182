/** The rules that an image archive must keep before any of it reaches Docker, and how a breach is told. */
import { StrongroomError } from '../domain/errors.ts';

export const ARCHIVE_RULES = {
  'entry-name': 'An archive holds only the files that "docker save" writes, under plain relative names.',
  'entry-type': 'An archive holds only files, folders and links between its layers.',
  'entry-count': 'An archive has a few files for each layer.',
  'duplicate-entry': 'Each file is in an archive once.',
  link: 'A link in an archive leads from one layer to another one in it.',
  'archive-size': 'An archive is not larger than it was registered.',
  'unpacked-size': 'The layers of an archive stay within the limit when they are unpacked.',
  'metadata-size': 'The JSON files of an archive are small.',
  manifest: 'manifest.json lists one image with its configuration and its layers.',
  'one-image': 'An archive holds exactly one image for one platform.',
  'image-config': 'The configuration of an image is a plain one.',
  'config-digest': 'A configuration is named by its SHA-256.',
  'blob-digest': 'A blob is named by its SHA-256.',
  layers: 'The layers in an archive are those that its image lists, no more and no less.',
  'layer-digest': 'A layer has the SHA-256 that the configuration of the image gives.',
  'layer-content': 'A layer is a tar archive of ordinary entries.',
} as const;

export type ArchiveRule = keyof typeof ARCHIVE_RULES;

/** A breach of `rule`; `what` says where, in one sentence. */
export const hostile = (rule: ArchiveRule, what: string): StrongroomError =>
  new StrongroomError('E_HOSTILE_ARCHIVE', what, {
    why: `Rule "${rule}": ${ARCHIVE_RULES[rule]}`,
    next: 'Nothing was loaded. Ask its owner for an archive made by "docker save".',
  });

/** A name out of an archive, shortened and without control characters, for messages. */
export const quoteName = (name: string): string => JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
