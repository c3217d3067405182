/** Every place where the demo could have left something readable: files, the database, Temporal's histories. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import pg from 'pg';

export type Place = readonly [name: string, content: Buffer];

/** Everything below `folder`: blobs, mails, logs, the raw files of Postgres and Temporal, and the homes of the parties. */
export async function* filesBelow(folder: string): AsyncGenerator<Place> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = path.join(entry.parentPath, entry.name);
    // Servers that run remove files of theirs at any time.
    const content = await readFile(file).catch(() => null);
    if (content !== null) yield [file, content];
  }
}

/** The platform's database, as its superuser would see it. */
export async function openPlatformDatabase(platformFolder: string): Promise<pg.Client> {
  const [, , , port] = (await readFile(path.join(platformFolder, 'postgres/cluster/postmaster.pid'), 'utf8')).split(
    '\n',
  );
  const password = (await readFile(path.join(platformFolder, 'postgres/passfile'), 'utf8')).trim().split(':').at(-1);
  const client = new pg.Client({
    ...{ host: '127.0.0.1', port: Number(port), user: 'strongroom', database: 'strongroom' },
    password,
  });
  await client.connect();
  return client;
}

/** Each table as Postgres itself writes it out: what its files hold compressed can be read here. */
export async function* tablesOf(platformFolder: string): AsyncGenerator<Place> {
  const client = await openPlatformDatabase(platformFolder);
  try {
    const { rows } = await client.query<{ table: string }>(
      `select format('%I.%I', schemaname, tablename) as table from pg_tables where schemaname <> 'information_schema'`,
    );
    for (const { table } of rows) {
      const content = await client.query<{ row: string }>(`select t::text as row from ${table} as t`);
      yield [`table ${table}`, Buffer.from(content.rows.map(({ row }) => row).join('\n'))];
    }
  } finally {
    await client.end();
  }
}

/** Each workflow's history with its payloads, in base64, and its description. */
export async function* historiesOf(agentState: string): AsyncGenerator<Place> {
  const { temporal } = JSON.parse(await readFile(agentState, 'utf8')) as {
    temporal: { address: string; namespace: string };
  };
  const connection = await Connection.connect({ address: temporal.address });
  try {
    const { workflow } = new Client({ connection, namespace: temporal.namespace });
    for await (const { workflowId, runId } of workflow.list()) {
      const handle = workflow.getHandle(workflowId, runId);
      yield [`history of ${workflowId}`, Buffer.from(historyToJSON(await handle.fetchHistory()))];
      const { raw } = await handle.describe();
      yield [`description of ${workflowId}`, Buffer.from(JSON.stringify(raw))];
    }
  } finally {
    await connection.close();
  }
}
