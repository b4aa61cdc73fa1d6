// Trains the task of letters in a process of its own, so that it can be killed: its configuration as JSON, and whether to
// resume, as arguments.

import { train } from 'likewise';
import { lettersTask } from './letters-task.mjs';

const [config, resume] = process.argv.slice(2);
const listener = { onStep: ({ step }) => console.log(step) };
const summary = await train(JSON.parse(config), { task: lettersTask, resume: resume === 'resume', listener });
console.log(JSON.stringify(summary));
