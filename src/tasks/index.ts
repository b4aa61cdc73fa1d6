// Every task, and the one that a configuration means which names none. Nothing else knows them all.

import type { Task } from '../train/task.ts';
import { pretrainingTask } from './pretraining/pretraining-task.ts';
import { sentenceTask } from './sentence/sentence-task.ts';

/** Of a configuration without the key `task`. */
export const DEFAULT_TASK = 'sentence';

/** All tasks. The first is the default one. */
export const allTasks = () => [sentenceTask(), pretrainingTask()] as const satisfies readonly Task[];
