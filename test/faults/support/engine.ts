/** A Docker Engine of the test's own, that it may kill. */
import Docker from 'dockerode';
import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { startChild, type Child } from '../../../stack/child-process.ts';
import { until } from './patience.ts';

export class Engine {
  readonly docker: Docker;
  /** What `DOCKER_HOST` is to be. */
  readonly host: string;
  readonly #folder: string;
  #daemon: Child | null = null;

  private constructor(folder: string) {
    this.#folder = folder;
    const socketPath = path.join(folder, 'docker.sock');
    this.host = `unix://${socketPath}`;
    this.docker = new Docker({ socketPath });
  }

  static async open(folder: string): Promise<Engine> {
    await mkdir(folder, { recursive: true });
    const engine = new Engine(folder);
    await engine.start();
    return engine;
  }

  async start(): Promise<void> {
    const within = (name: string) => path.join(this.#folder, name);
    const places = ['--data-root', within('data'), '--exec-root', within('exec'), '-p', within('pid')];
    const args = [...places, '-H', this.host, '--bridge', 'none', '--iptables=false', '--containerd', ''];
    this.#daemon = await startChild('dockerd', { args, logFile: within('log') });
    await until('Docker Engine answers', async () => Boolean(await this.docker.ping()));
  }

  async kill(): Promise<void> {
    if (this.#daemon === null) return;
    process.kill(this.#daemon.pid, 'SIGKILL');
    await this.#daemon.ended;
    // A daemon that was killed leaves its lock; the next one takes it for another's that runs.
    await rm(path.join(this.#folder, 'pid'), { force: true });
  }

  async close(): Promise<void> {
    await this.#daemon?.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
