/** A client of the bench: it writes at the primary of the moment, and tries again until it is told of a commit. */

import pg from 'pg';
import type { BenchClient } from './group.ts';

const retryMs = 5;

export class Client implements BenchClient {
  readonly #find: () => string;
  #client: pg.Client | undefined;

  /** @param find the URL of the primary, or of what brings clients to it */
  constructor(find: () => string) {
    this.#find = find;
  }

  async write(value: number): Promise<boolean> {
    try {
      this.#client ??= await this.#connect();
      await this.#client.query({ name: 'write', text: 'insert into written values ($1)', values: [value] });
      return true;
    } catch {
      this.close();
      await new Promise((resolve) => setTimeout(resolve, retryMs));
      return false;
    }
  }

  close(): void {
    this.#client?.connection.stream.destroy();
    this.#client = undefined;
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.#find() });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
}
