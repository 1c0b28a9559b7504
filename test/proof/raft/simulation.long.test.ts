import { raftScenario } from '../../../src/proof/raft/scenario.ts';
import { simulatesLog } from '../store/simulated-log.ts';

simulatesLog('Raft', (options) => raftScenario(undefined, options), { replaces: 120, transfers: 40 });
