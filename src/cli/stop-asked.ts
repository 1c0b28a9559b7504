/** When a process that runs for long is to end. */

/** Resolves when a signal, or the end of the process that watches this one, asks for a stop. */
export function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', () => resolve());
    if (process.send === undefined) {
      process.once('SIGINT', () => resolve());
      return;
    }
    // A watcher's Ctrl-C reaches all of its terminal's processes; it is the watcher that decides then.
    process.on('SIGINT', () => {});
    process.once('disconnect', () => resolve());
    if (!process.connected) resolve();
  });
}
