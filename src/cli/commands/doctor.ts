// `likewise doctor`: what this machine has, what Likewise chose and why, and how fast it runs. It works without the
// addon too, and says then what is wrong; the exit code is 0 only when everything is usable.

import { cpus } from 'node:os';
import { Command } from 'commander';
import { installedVersion } from '../installed-version.ts';
import {
  type EngineReport,
  type GemmReports,
  inspectEngine,
  MEASURED,
  type MeasuredPrecision,
} from '../output/engine-report.ts';

interface DoctorReport {
  likewise: string;
  cpu: string;
  node: { version: string; abi: string; nodeApi: string; platform: string };
  /** What the addon says of itself, or why it cannot be used. */
  engine: EngineReport | { addon: string; problem: string };
  tokenizers: string;
  cuda: string;
}

/** The command, for the program. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Show the CPU, the instruction set and threads chosen, the addon and its measured speed.')
    .option('--json', 'print one JSON object')
    .addHelpText(
      'after',
      '\nExamples:\n  $ likewise doctor\n  $ LIKEWISE_BACKEND=avx2 likewise doctor    # use another set of kernels',
    )
    .action(doctor);
}

async function doctor(options: { json?: boolean }): Promise<void> {
  const { versions, platform, arch } = process;
  const report: DoctorReport = {
    likewise: installedVersion('likewise'),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    node: {
      version: process.version,
      abi: versions.modules,
      nodeApi: versions.napi ?? '',
      platform: `${platform} ${arch}`,
    },
    engine: await inspectEngine(),
    tokenizers: installedVersion('tokenizers'),
    cuda: 'absent: this version computes on the CPU',
  };
  process.stdout.write(options.json ? `${JSON.stringify(report)}\n` : describe(report));
  if ('problem' in report.engine) process.exitCode = 1;
}

function describe({ likewise, cpu, node, engine, tokenizers, cuda }: DoctorReport): string {
  const rows = [
    ['likewise', likewise],
    ['cpu', cpu],
    ['node', `${node.version}, ABI ${node.abi}, Node-API ${node.nodeApi}, ${node.platform}`],
    ...('problem' in engine ? problemRows(engine) : engineRows(engine)),
    ['tokenizers', tokenizers],
    ['cuda', cuda],
  ];
  return `${rows.map(([name = '', value]) => `${name.padEnd(14)}${value}`).join('\n')}\n`;
}

function problemRows({ addon, problem }: { addon: string; problem: string }): string[][] {
  return [
    ['addon', addon],
    ['problem', problem],
  ];
}

function engineRows(engine: EngineReport): string[][] {
  const others = engine.backends.map(
    ({ name, available, reason }) => `${name} ${available ? 'yes' : `no (${reason})`}`,
  );
  return [
    ['addon', `${engine.version}, ${engine.addon}`],
    ['instructions', `${engine.backend}; ${others.join(', ')}`],
    ['threads', `${engine.threads}: ${engine.threadsReason}`],
    ...MEASURED.map((precision) => [precision, describeGemm(precision, engine.gemm)]),
  ];
}

function describeGemm(precision: MeasuredPrecision, gemm: GemmReports | undefined): string {
  if (gemm === undefined) return 'not measured: reference exists only for checking';
  const report = gemm[precision];
  if (report === null)
    return 'this CPU has no instructions for it; --precision emulated-bfloat16 gives its results, without its speed';
  const { rows, inputs, outputs, gigaops, peakGigaops } = report;
  const unit = precision === 'int8' ? 'GOP/s' : 'GFLOP/s';
  const share = Math.round((100 * gigaops) / peakGigaops);
  const rate = `${Math.round(gigaops)} ${unit} of ${Math.round(peakGigaops)} measured peak (${share} %)`;
  return `${rate}, [${rows}, ${inputs}] x [${inputs}, ${outputs}]`;
}
