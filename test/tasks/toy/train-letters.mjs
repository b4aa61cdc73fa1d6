// Trains the task of letters in a process of its own, so that it can be killed: several runs in turn, as JSON,
// [{ config, resume }]. Every step is a line of stdout, and at the end what each run came to, its summary or its error.

import { train } from 'likewise';
import { lettersTask } from './letters-task.mjs';

const outcomes = [];
for (const { config, resume } of JSON.parse(process.argv[2])) {
  const listener = { onStep: ({ step }) => console.log(step) };
  const run = train(config, { task: lettersTask, resume, listener });
  outcomes.push(await run.catch(({ name, message }) => ({ error: `${name}: ${message}` })));
}
console.log(JSON.stringify(outcomes));
