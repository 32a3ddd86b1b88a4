import { defineTask, fail, ok, replace, write } from 'rowmill';
import { anything, isEmail } from 'rowmill/verifiers';
import { describe, expect, it } from 'vitest';
import { guardFormula, unguardFormula } from '../../../src/engine/csv/write/formula-guard.ts';
import { MemoryWorld } from './memory-world.ts';

const names = { category: 'test', action: 'output', description: 'For tests' } as const;

const noted = defineTask({
  ...names,
  mandatory: { id: anything },
  output: ['note'],
  row: ({ id }) => (id === 'bad' ? fail('no') : write({ note: `note ${id}` })),
});

async function outputOf(input: string | Buffer, task = noted, request = {}): Promise<string> {
  const world = new MemoryWorld();
  world.put('/in.csv', input);
  await world.run(task, request);
  return world.text('/out.csv');
}

describe('the record keeps its own text', () => {
  it.each([
    ['quotes that are not needed', 'id,a\n"1","x"\n', 'id,a,note,error\n"1","x",note 1,\n'],
    ['its delimiter and line ends', 'id;a\r\n1;x\r\n', 'id;a;note;error\r\n1;x;note 1;\r\n'],
    [
      'newlines and quotes in cells',
      'id,a\n1,"x\n""y"""\n',
      'id,a,note,error\n1,"x\n""y""",note 1,\n',
    ],
    ['spaces around cells', 'id,a\n1, x \n', 'id,a,note,error\n1, x ,note 1,\n'],
    ['letters of all kinds', 'id,a\n1,Łódź 東京 🙂\n', 'id,a,note,error\n1,Łódź 東京 🙂,note 1,\n'],
    ['tabs as delimiter', 'id\ta\n1\tx\n', 'id\ta\tnote\terror\n1\tx\tnote 1\t\n'],
    ['no line end at the end', 'id,a\n1,x', 'id,a,note,error\n1,x,note 1,\n'],
  ])('%s', async (_name, input, output) => {
    expect(await outputOf(input)).toBe(output);
  });

  it('in UTF-8, whatever the encoding of the input', async () => {
    const text =
      'id;name;city\r\n1;Müller;Köln\r\n2;Jürgen Größe;Düsseldorf\r\n3;François;Besançon\r\n';
    const output = await outputOf(Buffer.from(text, 'latin1'));
    expect(output).toBe(
      'id;name;city;note;error\r\n1;Müller;Köln;note 1;\r\n2;Jürgen Größe;Düsseldorf;note 2;\r\n3;François;Besançon;note 3;\r\n',
    );
  });
});

describe('columns', () => {
  it('an output column that the input has already is replaced, not doubled', async () => {
    expect(await outputOf('id,note,x\n1,old,y\n')).toBe('id,note,x,error\n1,note 1,y,\n');
  });

  it('named like integers, or __proto__, stay in their order', async () => {
    const task = defineTask({
      ...names,
      columns: 'any',
      output: ['7', '__proto__'],
      row: (row) => write({ '7': row['10'], ['__proto__']: String(row['constructor']) }),
    });
    expect(await outputOf('b,10,constructor,2\nx,ten,new,two\n', task)).toBe(
      'b,10,constructor,2,7,__proto__,error\nx,ten,new,two,ten,new,\n',
    );
  });

  it('may be computed from arguments and header', async () => {
    const task = defineTask({
      ...names,
      columns: 'any',
      output: (_args, header) => replace(header.map((name) => name.toUpperCase())),
      row: (row) =>
        write(
          Object.fromEntries(Object.entries(row).map(([name, cell]) => [name.toUpperCase(), cell])),
        ),
    });
    expect(await outputOf('a,b\n1,2\n', task)).toBe('A,B,error\n1,2,\n');
  });
});

describe('a formula guard', () => {
  it.each([
    ['=1+1', "'=1+1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['+cmd|calc', "'+cmd|calc"],
    ['-x', "'-x"],
    ['\tx', "'\tx"],
    ["'=x", "''=x"],
    ['-12.5', '-12.5'],
    ['+33612345678', '+33612345678'],
    ['-1,234.50', '-1,234.50'],
    ['-5%', '-5%'],
    ['1.5E-3', '1.5E-3'],
    ['plain', 'plain'],
    ["O'Neil", "O'Neil"],
    ["'quoted", "'quoted"],
    ['', ''],
  ])('%j becomes %j and back', (cell, guarded) => {
    expect(guardFormula(cell)).toBe(guarded);
    expect(unguardFormula(guarded)).toBe(cell);
  });

  it('is written with --excel-safe, with a byte order mark, and undone when the file comes back', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'id,formula\n1,=A1\n2,-12.5\n3,"=""x"""\nbad,+cmd\n');
    await world.run(noted, { excelSafe: true });
    expect(world.text('/out.csv')).toBe(
      '\u{FEFF}id,formula,note,error\n1,\'=A1,note 1,\n2,-12.5,note 2,\n3,"\'=""x""",note 3,\nbad,\'+cmd,,no\n',
    );
    world.put('/in.csv', world.text('/out.csv'));
    await world.run(noted);
    expect(world.text('/out.csv')).toBe(
      'id,formula,note,error\n1,=A1,note 1,\n2,-12.5,note 2,\n3,"=""x""",note 3,\nbad,+cmd,,no\n',
    );
  });
});

describe('an output that comes back as input', () => {
  it('has its error column dropped and written anew', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'id,a\n1,x\nbad,y\n');
    await world.run(noted);
    world.put('/in.csv', world.text('/out.csv').replace('bad', '2'));
    const result = await world.run(noted);
    expect(world.text('/out.csv')).toBe('id,a,note,error\n1,x,note 1,\n2,y,note 2,\n');
    expect(result.status).toBe('success');
  });

  it('a failed.csv that was fixed goes through, with its row numbers', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'id,a\n1,x\nbad,y\n');
    await world.run(noted, { failedPath: '/failed.csv' });
    world.put('/in.csv', world.text('/failed.csv').replace('bad', '2'));
    await world.run(noted);
    expect(world.text('/out.csv')).toBe('id,a,_row,note,error\n2,y,2,note 2,\n');
  });

  it("keeps a user's own column under a header that a run once wrote, when its cells are not reasons", async () => {
    const plain = defineTask({ ...names, mandatory: { id: anything }, row: () => ok() });
    const world = new MemoryWorld();
    world.put('/in.csv', 'id\n1\n');
    await world.run(plain);
    world.put('/in.csv', 'id,error\n1,MINE\n2,\n');
    await world.run(plain);
    expect(world.text('/out.csv')).toBe('id,error,rowmill_error\n1,MINE,\n2,,\n');
  });

  it("keeps a user's own status and error beside each other", async () => {
    expect(await outputOf('id,note,error\n1,done,E42\n')).toBe(
      'id,note,error,rowmill_error\n1,note 1,E42,\n',
    );
  });

  it('of failed rows keeps apostrophes that were in them, and the numbers of the first file', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', "id,a\n1,x\nbad,'=mine\nbad,y\n");
    await world.run(noted, { failedPath: '/failed.csv' });
    world.put('/in.csv', world.text('/failed.csv').replace("bad,'=", "2,'="));
    await world.run(noted, { failedPath: '/again.csv' });
    expect(world.text('/out.csv')).toBe("id,a,_row,note,error\n2,'=mine,2,note 2,\nbad,y,3,,no\n");
    expect(world.text('/again.csv')).toBe('id,a,_row,error\nbad,y,3,no\n');
  });

  it('is guarded in every file of an excel-safe run, and read back as it was', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'id,a\nbad,=A1\n1,x\n3,@b\n');
    await world.run(noted, {
      excelSafe: true,
      limit: 2,
      failedPath: '/f.csv',
      unprocessedPath: '/u.csv',
    });
    expect(world.text('/f.csv')).toBe("\u{FEFF}id,a,_row,error\nbad,'=A1,1,no\n");
    expect(world.text('/u.csv')).toBe("\u{FEFF}id,a\n3,'@b\n");
    world.put('/in.csv', world.text('/f.csv').replace('bad', '2'));
    await world.run(noted);
    expect(world.text('/out.csv')).toBe('id,a,_row,note,error\n2,=A1,1,note 2,\n');
  });

  it('has its unprocessed rows without the error column of the earlier run', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'id,a\n1,x\nbad,y\n3,z\n');
    await world.run(noted);
    world.put('/in.csv', world.text('/out.csv'));
    await world.run(noted, { limit: 1, unprocessedPath: '/u.csv' });
    expect(world.text('/u.csv')).toBe('id,a,note\nbad,y,\n3,z,note 3\n');
  });

  it("keeps a user's own column of that name, and ours has another", async () => {
    const task = defineTask({ ...names, mandatory: { id: anything }, row: () => ok() });
    expect(await outputOf('id,error\n1,E42\n', task)).toBe('id,error,rowmill_error\n1,E42,\n');
  });
});

describe("a user's own columns with the names of ours", () => {
  it('come back with the output, however often', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'id,error\n1,E42\nbad,E43\n');
    for (let round = 1; round <= 3; round += 1) {
      await world.run(noted);
      expect(world.text('/out.csv')).toBe(
        'id,error,note,rowmill_error\n1,E42,note 1,\nbad,E43,,no\n',
      );
      world.put('/in.csv', world.text('/out.csv'));
    }
  });

  it.each(['a,_row', '_row,a'])('stay in failed.csv, which goes through again: %s', async (own) => {
    const world = new MemoryWorld();
    world.put('/in.csv', `id,${own}\n1,x,y\nbad,v,w\n`);
    await world.run(noted, { failedPath: '/f.csv' });
    expect(world.text('/f.csv')).toBe(`id,${own},rowmill_row,error\nbad,v,w,2,no\n`);
    world.put('/in.csv', world.text('/f.csv').replace('bad', '2'));
    await world.run(noted);
    expect(world.text('/out.csv')).toBe(`id,${own},rowmill_row,note,error\n2,v,w,2,note 2,\n`);
  });

  it('and of the task: written anew in the output, as they came in failed.csv', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'id,note\n1,mine\nbad,mine\n');
    await world.run(noted, { failedPath: '/f.csv' });
    expect(world.text('/out.csv')).toBe('id,note,error\n1,note 1,\nbad,mine,no\n');
    expect(world.text('/f.csv')).toBe('id,note,_row,error\nbad,mine,2,no\n');
  });
});

describe('the failed and the unprocessed records', () => {
  it('have the error that stands in the output, of a long value too', async () => {
    const task = defineTask({ ...names, mandatory: { id: isEmail }, row: () => ok() });
    const world = new MemoryWorld();
    world.put('/in.csv', `id\n${'x'.repeat(5_000)}\n`);
    await world.run(task, { failedPath: '/f.csv' });
    const errorIn = (path: string) => world.text(path).trimEnd().split(',').at(-1);
    expect(errorIn('/f.csv')).toBe(errorIn('/out.csv'));
    expect(errorIn('/f.csv')?.length).toBeLessThan(150);
  });

  it('keep their own text; those of another width are made whole', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'id;a\r\n"bad";"x;y"\r\nbad\r\n1;z\r\nbad;"two\nlines"\r\n');
    await world.run(noted, { failedPath: '/failed.csv' });
    expect(world.text('/failed.csv')).toBe(
      'id;a;_row;error\r\nbad;"x;y";1;no\r\nbad;;2;1 cell, but the header has 2\r\nbad;"two\nlines";4;no\r\n',
    );
  });

  it('can be had of a stored run that was not asked for them', async () => {
    const world = new MemoryWorld();
    world.put('/in.csv', 'id,a\n1,x\nbad,y\n3,z\n');
    const { runId } = await world.run(noted, { limit: 2 });
    const { service } = world;
    expect(
      await service.derive(runId, {
        failedPath: '/f.csv',
        errorsPath: '/e.csv',
        unprocessedPath: '/u.csv',
      }),
    ).toMatchObject({ unprocessed: 1 });
    expect(world.text('/f.csv')).toBe('id,a,_row,error\nbad,y,2,no\n');
    expect(world.text('/e.csv')).toBe('row,line,column,value,code,message\n2,3,,,failed,no\n');
    expect(world.text('/u.csv')).toBe('id,a\n3,z\n');
    const again = await world.run(noted, { resume: true, failedPath: '/again.csv' });
    expect(again).toMatchObject({ wasFinished: true, failedPath: '/again.csv' });
    expect(world.text('/again.csv')).toBe(world.text('/f.csv'));
    for (const path of ['/in.csv', '/out.csv', `/runs/${runId}/run.db`]) {
      await expect(service.derive(runId, { failedPath: path })).rejects.toMatchObject({
        code: 'usage',
      });
    }
    await expect(
      service.derive(runId, { failedPath: '/one.csv', errorsPath: '/one.csv' }),
    ).rejects.toMatchObject({ message: '/one.csv is named twice: give another name' });
    world.put('/in.csv', 'id,a\n1,x\nbad,CHANGED\n3,z\n');
    await expect(service.derive(runId, { failedPath: '/f.csv' })).rejects.toMatchObject({
      code: 'input_changed',
    });
  });
});
