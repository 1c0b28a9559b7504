/** What a manager writes to its log. */

import type { Logger } from 'pino';
import type { Clock } from '../../environment/clock.ts';
import type { ManagerNews, ManagerNode } from '../../services/failover/manager-node.ts';
import { tellTrouble } from '../node/reporting.ts';

/** Writes down what happens at a manager. */
export function logNews(log: Logger, { news, bus }: ManagerNode, clock: Clock): void {
  news.subscribe((it) => logOne(log, it));
  tellTrouble(bus, clock, (code, message) => log.warn({ code }, message));
  const told = new Map<string, string>();
  bus.peers.subscribe(({ node: peer, status, reason }) => {
    if (told.get(peer) === status) return;
    told.set(peer, status);
    log[status === 'connected' ? 'info' : 'warn']({ peer, reason }, `manager ${status}`);
  });
}

function logOne(log: Logger, it: ManagerNews): void {
  switch (it.type) {
    case 'transition': {
      const { phase, reason, server, epoch, term, manager, revision, change } = it.transition;
      log.info({ phase, reason, server, epoch, term, manager, revision }, `recorded: ${change}`);
      return;
    }
    case 'opinion': {
      const { opinion, why } = it.change;
      const isWell = opinion === 'trusted' || opinion === 'recovered';
      log[isWell ? 'info' : 'warn']({ server: it.server, why: why.type }, `server ${opinion}`);
      return;
    }
    case 'trouble':
      log.warn({ code: it.code }, it.message);
      return;
    case 'manager':
      logOutput(log, it.output);
  }
}

function logOutput(log: Logger, output: Extract<ManagerNews, { type: 'manager' }>['output']): void {
  switch (output.type) {
    case 'office':
      log.info({ term: output.term }, output.isHeld ? 'in office' : 'out of office');
      return;
    case 'raised':
      log.error({ alarm: output.alarm, epoch: output.epoch }, 'alarm: look at quorate failover status');
      return;
    case 'cleared':
      log.info({ alarm: output.alarm, epoch: output.epoch }, 'alarm cleared');
      return;
    case 'chosen': {
      const { server, epoch, reason, loss } = output;
      if (loss === null) log.info({ server, epoch, reason }, 'primary chosen, without loss');
      else
        log.error(
          { server, epoch, reason, lossBytes: loss.bytes, seenLossBytes: loss.seenBytes },
          'primary chosen, and writes may be lost',
        );
    }
  }
}
