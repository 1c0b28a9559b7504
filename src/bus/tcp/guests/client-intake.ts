/**
 * Frames of clients that have begun and have not ended: one client may send a large frame slowly, but many together are kept
 * within one budget, and the one that holds most of it loses its connection. Frames of peers do not count: they are few.
 */

import { ClientIntakeError } from '../../errors.ts';
import type { Session } from '../session.ts';

export interface ClientIntake {
  add(session: Session): void;
  delete(session: Session): void;
  /** Cuts clients until what all of them have begun fits. */
  check(): void;
}

export function createClientIntake(limitBytes: number): ClientIntake {
  const clients = new Set<Session>();
  return {
    add: (session) => void clients.add(session),
    delete: (session) => void clients.delete(session),
    check() {
      let bytes = 0;
      for (const { partialBytes } of clients) bytes += partialBytes;
      while (bytes > limitBytes) {
        let largest: Session | undefined;
        for (const session of clients) {
          if (largest === undefined || session.partialBytes > largest.partialBytes) largest = session;
        }
        if (largest === undefined) return;
        clients.delete(largest);
        bytes -= largest.partialBytes;
        largest.cut(
          new ClientIntakeError(
            `expected the rest of a frame of which ${largest.remote} has sent ${largest.partialBytes} bytes, but frames that clients have begun are more than ${limitBytes} together; send faster or less at once, or raise clientIntakeBytes`,
          ),
        );
      }
    },
  };
}
