import { systemEnvironment } from '../../src/environment/environment.ts';
import { createMemoryStorage } from '../../src/journal/memory.ts';
import { type EmbeddedSession, type EmbeddedStore, openEmbeddedStore } from '../../src/resources/embedded/store.ts';
import { conformsAsTransactionalResource } from './conformance.ts';

conformsAsTransactionalResource<EmbeddedSession>('the embedded store', async () => {
  const { clock, ids } = systemEnvironment();
  const storage = createMemoryStorage({ node: 'n1', clock, ids });
  let store: EmbeddedStore;
  const open = async (): Promise<EmbeddedStore> => {
    store = openEmbeddedStore({ journal: storage.open(), clock });
    return store;
  };
  return {
    open,
    async reopen() {
      storage.crash();
      return open();
    },
    write: (session, key, value) => session.put(key, value),
    async read(session, key) {
      const value = await session.get(key);
      return value === undefined ? undefined : String(value);
    },
    async committed(key) {
      const value = store.peek(key);
      return value === undefined ? undefined : String(value);
    },
    fail: (session) => session.put('key', Number.NaN),
    async close() {
      storage.crash();
    },
  };
});
