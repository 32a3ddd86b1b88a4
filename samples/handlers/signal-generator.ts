import { defineHandler } from 'rowmill';

interface Signal {
  readonly amplitude: number;
  readonly samples: number;
}

/** A sine of the amplitude and length that its input says. */
export default defineHandler({
  supportedType: 'dmss://DataSource/apps/MySignalApp/models/SignalGeneratorJob',
  description: 'Generate a signal',
  pollSeconds: 0.2,
  async start(job) {
    const { amplitude, samples } = (await job.input()) as Signal;
    const values = Array.from({ length: samples }, (_, index) =>
      Number((amplitude * Math.sin((2 * Math.PI * index) / samples)).toFixed(6)),
    );
    await job.keep({ values, looks: 0 });
    return `${samples} samples are asked for`;
  },
  async progress(job) {
    const { values, looks } = job.kept as { readonly values: number[]; readonly looks: number };
    await job.keep({ values, looks: looks + 1 });
    return looks < 2 ? ['running', `${looks * 50} %`] : ['completed', 'the signal is there'];
  },
  result(job) {
    const { values } = job.kept as { readonly values: number[] };
    return ['a signal', new TextEncoder().encode(JSON.stringify({ values }))];
  },
  remove: () => ['removed', 'the generator is switched off'],
});
