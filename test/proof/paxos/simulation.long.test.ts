import { paxosScenario } from '../../../src/proof/paxos/scenario.ts';
import { simulatesLog } from '../store/simulated-log.ts';

simulatesLog('Multi-Paxos', (options) => paxosScenario(undefined, options), { replaces: 60, transfers: 20 });
