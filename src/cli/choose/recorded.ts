/** What methods cost, as it was measured. Made by `npm run docs`; not to be edited. */

import type { Figure } from '../../proof/method-costs.ts';

export const recordedCosts: Readonly<Record<string, readonly Figure[]>> = {
  'single-node': [
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '1.866 and 3.618 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method none --fault none',
    },
    {
      what: 'messages per transfer',
      value: '1.4',
      command: 'npx quorate compare --seed 1 --runs 3 --method none --fault none',
    },
    {
      what: 'flushes per transfer',
      value: '1.075',
      command: 'npx quorate compare --seed 1 --runs 3 --method none --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '5015.293 and 5015.686 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method none --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '5015.293 and 5015.686 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method none --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 679',
      command: 'npx quorate compare --seed 1 --runs 3 --method none --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: 'never: nothing was committed any more within a run',
      command: 'npx quorate compare --seed 1 --runs 3 --method none --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '8493.115 and 8552.869 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method none --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '198 of 198',
      command: 'npx quorate compare --seed 1 --runs 3 --method none --fault zone-loss',
    },
  ],
  raft: [
    {
      what: 'messages per command, three servers',
      value: '4.0',
      command: 'npm run docs',
    },
    {
      what: 'flushes per command',
      value: '3.0',
      command: 'npm run docs',
    },
    {
      what: 'messages per second without commands',
      value: '40.0',
      command: 'npm run docs',
    },
    {
      what: 'next write after the leader has crashed: median and worst of 30',
      value: '597 and 1513 ms',
      command: 'npm run bench:partitions',
    },
    {
      what: 'runs in which nothing is written while the only server that a majority of five sees has an old log',
      value: '30 of 30',
      command: 'npm run bench:partitions',
    },
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '2.764 and 4.584 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method raft --fault none',
    },
    {
      what: 'messages per transfer',
      value: '5.783',
      command: 'npx quorate compare --seed 1 --runs 3 --method raft --fault none',
    },
    {
      what: 'flushes per transfer',
      value: '3.225',
      command: 'npx quorate compare --seed 1 --runs 3 --method raft --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '737.666 and 737.804 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method raft --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '737.666 and 737.804 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method raft --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 1002',
      command: 'npx quorate compare --seed 1 --runs 3 --method raft --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: '737.666 and 737.804 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method raft --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '737.666 and 737.804 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method raft --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '0 of 867',
      command: 'npx quorate compare --seed 1 --runs 3 --method raft --fault zone-loss',
    },
  ],
  paxos: [
    {
      what: 'messages per command, three servers',
      value: '4.0',
      command: 'npm run docs',
    },
    {
      what: 'flushes per command',
      value: '3.0',
      command: 'npm run docs',
    },
    {
      what: 'messages per second without commands',
      value: '80.0',
      command: 'npm run docs',
    },
    {
      what: 'next write after the leader has crashed: median and worst of 30',
      value: '493 and 596 ms',
      command: 'npm run bench:partitions',
    },
    {
      what: 'runs in which nothing is written while the only server that a majority of five sees has an old log',
      value: '0 of 30',
      command: 'npm run bench:partitions',
    },
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '2.742 and 4.682 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method multi-paxos --fault none',
    },
    {
      what: 'messages per transfer',
      value: '5.833',
      command: 'npx quorate compare --seed 1 --runs 3 --method multi-paxos --fault none',
    },
    {
      what: 'flushes per transfer',
      value: '3.225',
      command: 'npx quorate compare --seed 1 --runs 3 --method multi-paxos --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '545.499 and 575.232 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method multi-paxos --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '545.499 and 575.232 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method multi-paxos --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 1001',
      command: 'npx quorate compare --seed 1 --runs 3 --method multi-paxos --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: '545.499 and 575.232 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method multi-paxos --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '545.499 and 575.232 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method multi-paxos --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '0 of 868',
      command: 'npx quorate compare --seed 1 --runs 3 --method multi-paxos --fault zone-loss',
    },
  ],
  'primary-backup-sync': [
    {
      what: 'messages per command, three servers',
      value: '4.0',
      command: 'npm run docs',
    },
    {
      what: 'flushes per command',
      value: '3.0',
      command: 'npm run docs',
    },
    {
      what: 'messages per second without commands',
      value: '80.0',
      command: 'npm run docs',
    },
    {
      what: 'next write after the leader has crashed: median and worst of 30',
      value: '1238 and 1481 ms',
      command: 'npm run bench:partitions',
    },
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '3.47 and 5.576 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-sync --fault none',
    },
    {
      what: 'messages per transfer',
      value: '5.767',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-sync --fault none',
    },
    {
      what: 'flushes per transfer',
      value: '3.225',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-sync --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '1268.185 and 1390.727 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-sync --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '1268.185 and 1390.727 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-sync --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 976',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-sync --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: '1268.185 and 1390.727 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-sync --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '1268.185 and 1390.727 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-sync --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '0 of 841',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-sync --fault zone-loss',
    },
  ],
  'primary-backup-async': [
    {
      what: 'messages per command, three servers',
      value: '4.0',
      command: 'npm run docs',
    },
    {
      what: 'flushes per command',
      value: '3.0',
      command: 'npm run docs',
    },
    {
      what: 'messages per second without commands',
      value: '80.0',
      command: 'npm run docs',
    },
    {
      what: 'next write after the leader has crashed: median and worst of 30',
      value: '1238 and 1481 ms',
      command: 'npm run bench:partitions',
    },
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '1.835 and 3.748 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-async --fault none',
    },
    {
      what: 'messages per transfer',
      value: '5.767',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-async --fault none',
    },
    {
      what: 'flushes per transfer',
      value: '3.225',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-async --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '1268.185 and 1390.727 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-async --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '1268.185 and 1390.727 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-async --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 976',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-async --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: '1268.185 and 1390.727 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-async --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '1268.185 and 1390.727 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-async --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '0 of 841',
      command: 'npx quorate compare --seed 1 --runs 3 --method primary-backup-async --fault zone-loss',
    },
  ],
  'failover-durable-hot': [
    {
      what: 'next write after the primary has died, its data with it',
      value: '204 ms',
      command: 'npx quorate incident wrong-server --seed 1',
    },
    {
      what: 'next write after the primary stands still',
      value: '604 ms',
      command: 'npx quorate incident waking-primary --seed 1',
    },
    {
      what: 'next write after the primary is cut off',
      value: '1004 ms',
      command: 'npx quorate incident short-partition --seed 1',
    },
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '2.4 and 2.4 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-hot --fault none',
    },
    {
      what: 'messages per transfer',
      value: '6.1',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-hot --fault none',
    },
    {
      what: 'flushes per transfer',
      value:
        'not applicable: the servers of the simulated group have no disk: what they hold survives their crash, and nothing is flushed',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-hot --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '615.269 and 635.515 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-hot --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '615.269 and 635.515 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-hot --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 963',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-hot --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: '615.269 and 635.515 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-hot --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '615.269 and 635.515 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-hot --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '0 of 829',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-hot --fault zone-loss',
    },
  ],
  'failover-durable-cold': [
    {
      what: 'next write after the primary has died, its data with it',
      value: '204 ms',
      command: 'npx quorate incident wrong-server --seed 1',
    },
    {
      what: 'next write after the primary stands still',
      value: '604 ms',
      command: 'npx quorate incident waking-primary --seed 1',
    },
    {
      what: 'next write after the primary is cut off',
      value: '1004 ms',
      command: 'npx quorate incident short-partition --seed 1',
    },
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '2.4 and 2.4 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-cold --fault none',
    },
    {
      what: 'messages per transfer',
      value: '4.075',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-cold --fault none',
    },
    {
      what: 'flushes per transfer',
      value:
        'not applicable: the servers of the simulated group have no disk: what they hold survives their crash, and nothing is flushed',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-cold --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '997.589 and 1175.515 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-cold --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '997.589 and 1175.515 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-cold --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 960',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-cold --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: '997.589 and 1175.515 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-cold --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '997.589 and 1175.515 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-cold --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '0 of 826',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-cold --fault zone-loss',
    },
  ],
  'failover-pass-through': [
    {
      what: 'a transfer takes, median and 99 of 100 (three machines, a warm standby)',
      value: '1.2 and 1.2 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-warm --fault none',
    },
    {
      what: 'messages per transfer (three machines, a warm standby)',
      value: '6.1',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-warm --fault none',
    },
    {
      what: 'flushes per transfer (three machines, a warm standby)',
      value:
        'not applicable: the servers of the simulated group have no disk: what they hold survives their crash, and nothing is flushed',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-warm --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3 (three machines, a warm standby)',
      value: '674.069 and 734.315 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-warm --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst (three machines, a warm standby)',
      value: '674.069 and 734.315 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-warm --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses (three machines, a warm standby)',
      value: '0 of 960',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-warm --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3 (three machines, a warm standby)',
      value: '674.069 and 734.315 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-warm --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst (three machines, a warm standby)',
      value: '674.069 and 734.315 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-warm --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses (three machines, a warm standby)',
      value: '0 of 827',
      command: 'npx quorate compare --seed 1 --runs 3 --method failover-warm --fault zone-loss',
    },
  ],
  'two-phase-commit': [
    {
      what: 'messages between nodes per commit of two databases, as managers run it',
      value: '0 in 0 delays',
      command: 'npm run docs',
    },
    {
      what: 'the same with each participant on a node of its own',
      value: '8 in 3 delays',
      command: 'npm run docs',
    },
    {
      what: 'stable writes until the outcome is known',
      value: '3',
      command: 'npm run docs',
    },
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '8.529 and 11.32 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-journal --fault none',
    },
    {
      what: 'messages per transfer',
      value: '16.3',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-journal --fault none',
    },
    {
      what: 'flushes per transfer',
      value: '7',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-journal --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '5015.077 and 5016.072 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-journal --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '5015.077 and 5016.072 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-journal --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 662',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-journal --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: 'never: nothing was committed any more within a run',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-journal --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '8493.115 and 8552.869 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-journal --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '195 of 195',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-journal --fault zone-loss',
    },
  ],
  'paxos-commit': [
    {
      what: 'messages between nodes per commit of two databases, as managers run it',
      value: '5 in 2 delays',
      command: 'npm run docs',
    },
    {
      what: 'the same with each participant on a node of its own',
      value: '13 in 4 delays',
      command: 'npm run docs',
    },
    {
      what: 'stable writes until the outcome is known',
      value: '4',
      command: 'npm run docs',
    },
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '9.888 and 12.894 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method paxos-commit --fault none',
    },
    {
      what: 'messages per transfer',
      value: '21.45',
      command: 'npx quorate compare --seed 1 --runs 3 --method paxos-commit --fault none',
    },
    {
      what: 'flushes per transfer',
      value: '9',
      command: 'npx quorate compare --seed 1 --runs 3 --method paxos-commit --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '5141.981 and 5170.911 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method paxos-commit --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '5141.981 and 5170.911 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method paxos-commit --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 650',
      command: 'npx quorate compare --seed 1 --runs 3 --method paxos-commit --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: 'never: nothing was committed any more within a run',
      command: 'npx quorate compare --seed 1 --runs 3 --method paxos-commit --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '8493.115 and 8552.869 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method paxos-commit --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '195 of 195',
      command: 'npx quorate compare --seed 1 --runs 3 --method paxos-commit --fault zone-loss',
    },
  ],
  'decision-register': [
    {
      what: 'messages between nodes per commit of two databases, as managers run it',
      value: '0 in 0 delays',
      command: 'npm run docs',
    },
    {
      what: 'the same with each participant on a node of its own',
      value: '8 in 3 delays',
      command: 'npm run docs',
    },
    {
      what: 'stable writes until the outcome is known',
      value: '3',
      command: 'npm run docs',
    },
    {
      what: 'messages of the register for each of its two commands, three servers',
      value: '4.0',
      command: 'npm run docs',
    },
    {
      what: 'flushes of the register for each of them',
      value: '3.0',
      command: 'npm run docs',
    },
    {
      what: 'a transfer takes, median and 99 of 100',
      value: '13.117 and 16.655 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-register --fault none',
    },
    {
      what: 'messages per transfer',
      value: '32.65',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-register --fault none',
    },
    {
      what: 'flushes per transfer',
      value: '13.3',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-register --fault none',
    },
    {
      what: 'transfers again after a crash: median and worst of 3',
      value: '1579.254 and 1966.592 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-register --fault crash',
    },
    {
      what: 'no success for so long after a crash: median and worst',
      value: '1579.254 and 1966.592 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-register --fault crash',
    },
    {
      what: 'acknowledged transfers that a crash loses',
      value: '0 of 928',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-register --fault crash',
    },
    {
      what: 'transfers again after the loss of a zone: median and worst of 3',
      value: 'never: nothing was committed any more within a run',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-register --fault zone-loss',
    },
    {
      what: 'no success for so long after the loss of a zone: median and worst',
      value: '8493.115 and 8552.869 ms',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-register --fault zone-loss',
    },
    {
      what: 'acknowledged transfers that the loss of a zone loses',
      value: '195 of 195',
      command: 'npx quorate compare --seed 1 --runs 3 --method 2pc-register --fault zone-loss',
    },
  ],
};
