/**
 * A simulated transactional database: a server outside of the machines, for the scenarios of all protocols, and the
 * connection of a machine to it, which is a transactional resource.
 */

export {
  type AccountSession,
  connectDatabase,
  type DatabaseOptions,
  type SimulatedDatabase,
} from './database/client.ts';
export * from './database/contract.ts';
export { createDatabaseServer, type ServerOptions } from './database/server.ts';
export type { Line } from './database/wire.ts';
