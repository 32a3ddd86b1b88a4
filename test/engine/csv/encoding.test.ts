import { describe, expect, it } from 'vitest';
import { openCsv } from '../../../src/csv.ts';
import { singleByteTable } from '../../../src/engine/csv/encoding/single-byte-table.ts';

/** Small exports as they come from offices: a title, names, places, remarks. */
const EXPORTS: readonly {
  readonly language: string;
  readonly encodings: readonly string[];
  readonly delimiter: string;
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}[] = [
  {
    language: 'French',
    encodings: ['windows-1252'],
    delimiter: ';',
    header: ['Prénom', 'Nom', 'Ville', 'Montant', 'Remarque'],
    rows: [
      ['Hélène', 'Lefèvre', 'Besançon', '12,50 €', 'déjà payé'],
      ['François', 'Nuñez', 'Orléans', '8,00 €', 'à vérifier – sœur de Zoé'],
      ['Gaëlle', "L'Hôpital", 'Nîmes', '99,95 €', 'n’a pas répondu'],
    ],
  },
  {
    language: 'German',
    encodings: ['windows-1252'],
    delimiter: ';',
    header: ['Name', 'Straße', 'Größe', 'Übergabe'],
    rows: [
      ['Jürgen Müller', 'Königstraße 5', '1,85', 'ja'],
      ['Käthe Groß', 'Am Süßbach 12', '1,62', 'nein'],
      ['Björn Weiß', 'Mühlgäßchen 3', '1,78', 'ja'],
    ],
  },
  {
    language: 'Spanish',
    encodings: ['windows-1252'],
    delimiter: ',',
    header: ['Nombre', 'Dirección', 'Teléfono'],
    rows: [
      ['Íñigo Muñoz', 'Paseo de la Peña 4', '+34 600 111 222'],
      ['María José Ibáñez', 'C/ Güell 17, 2º', '+34 600 333 444'],
    ],
  },
  {
    language: 'Danish',
    encodings: ['windows-1252'],
    delimiter: ';',
    header: ['Navn', 'By', 'Beløb'],
    rows: [
      ['Søren Kjær', 'Århus', '100,00'],
      ['Åse Bøgh', 'Nørre Åby', '250,50'],
      ['Jens Ærø', 'København', '75,25'],
    ],
  },
  {
    language: 'Polish',
    encodings: ['windows-1250', 'iso-8859-2'],
    delimiter: ';',
    header: ['Imię', 'Nazwisko', 'Miejscowość', 'Kwota'],
    rows: [
      ['Łukasz', 'Wiśniewski', 'Łódź', '12,50'],
      ['Małgorzata', 'Dąbrowska', 'Kraków', '120,00'],
      ['Grażyna', 'Źdźbło', 'Świętochłowice', '9,99'],
    ],
  },
  {
    language: 'Czech',
    encodings: ['windows-1250', 'iso-8859-2'],
    delimiter: ';',
    header: ['Jméno', 'Příjmení', 'Město', 'Částka'],
    rows: [
      ['Jiří', 'Dvořák', 'Plzeň', '1500'],
      ['Božena', 'Němcová', 'Ústí nad Labem', '230'],
      ['Řehoř', 'Šťastný', 'Český Těšín', '45'],
    ],
  },
  {
    language: 'Hungarian',
    encodings: ['windows-1250'],
    delimiter: ';',
    header: ['Név', 'Város', 'Összeg'],
    rows: [
      ['Kovács Ödön', 'Győr', '1200'],
      ['Szűcs Ágnes', 'Hódmezővásárhely', '3400'],
    ],
  },
  {
    language: 'Russian',
    encodings: ['windows-1251', 'koi8-r'],
    delimiter: ';',
    header: ['Имя', 'Город', 'Сумма', 'Примечание'],
    rows: [
      ['Иван Петров', 'Москва', '1500,00', 'оплачено'],
      ['Ольга Щербакова', 'Нижний Новгород', '230,50', 'ждёт ответа'],
      ['Юрий Ёлкин', 'Санкт-Петербург', '45,00', ''],
    ],
  },
  {
    language: 'Ukrainian',
    encodings: ['windows-1251'],
    delimiter: ';',
    header: ['Ім’я', 'Місто', 'Сума'],
    rows: [
      ['Євген Шевченко', 'Київ', '100'],
      ['Їжакевич Ганна', 'Чернігів', '200'],
    ],
  },
  {
    language: 'Greek',
    encodings: ['windows-1253', 'iso-8859-7'],
    delimiter: ';',
    header: ['Όνομα', 'Πόλη', 'Ποσό'],
    rows: [
      ['Γιώργος Παπαδόπουλος', 'Αθήνα', '12,50'],
      ['Ελένη Βασιλείου', 'Θεσσαλονίκη', '99,00'],
      ['Νίκος Καζαντζάκης', 'Ηράκλειο', '7,10'],
      ['Άννα Άρτεμη', 'Άρτα', '3,00'],
    ],
  },
  {
    language: 'Turkish',
    encodings: ['windows-1254'],
    delimiter: ';',
    header: ['Adı', 'Şehir', 'Açıklama'],
    rows: [
      ['İbrahim Yıldız', 'İstanbul', 'ödeme yapıldı'],
      ['Ayşe Gündoğdu', 'Eskişehir', 'çağrı bekliyor'],
      ['Uğur Şahin', 'Muğla', 'görüşüldü'],
    ],
  },
  {
    language: 'Hebrew',
    encodings: ['windows-1255'],
    delimiter: ',',
    header: ['שם', 'עיר', 'סכום'],
    rows: [
      ['משה כהן', 'ירושלים', '120'],
      ['רחל לוי', 'תל אביב', '340'],
    ],
  },
  {
    language: 'Arabic',
    encodings: ['windows-1256'],
    delimiter: ',',
    header: ['الاسم', 'المدينة', 'المبلغ'],
    rows: [
      ['محمد علي', 'القاهرة', '120'],
      ['فاطمة الزهراء', 'الدار البيضاء', '340'],
    ],
  },
  {
    language: 'Lithuanian',
    encodings: ['windows-1257'],
    delimiter: ';',
    header: ['Vardas', 'Miestas', 'Suma'],
    rows: [
      ['Žydrūnas Šimkus', 'Šiauliai', '10'],
      ['Rūta Žukauskaitė', 'Panevėžys', '20'],
      ['Eglė Čiurlionytė', 'Kupiškis', '30'],
    ],
  },
];

function encode(text: string, encoding: string): Buffer {
  const table = singleByteTable(encoding);
  const bytes = Array.from(text, (character) => table.indexOf(character));
  const missing = bytes.indexOf(-1);
  if (missing >= 0) throw new Error(`${encoding} has no ${Array.from(text)[missing]}`);
  return Buffer.from(bytes);
}

async function read(bytes: Uint8Array) {
  const file = await openCsv(bytes);
  const rows: (readonly string[])[] = [];
  for await (const { cells, problem } of file) {
    expect(problem).toBeUndefined();
    rows.push(cells);
  }
  return { file, rows };
}

describe('an export of an office is read right, given nothing but its bytes', () => {
  for (const { language, encodings, delimiter, header, rows } of EXPORTS) {
    const text = [header, ...rows]
      .map(
        (row) =>
          `${row.map((cell) => (cell.includes(delimiter) ? `"${cell}"` : cell)).join(delimiter)}\r\n`,
      )
      .join('');
    for (const encoding of encodings) {
      it(`${language} in ${encoding}, with a warning that the encoding is a guess`, async () => {
        const { file, rows: found } = await read(encode(text, encoding));
        expect(file.header).toEqual(header);
        expect(found).toEqual(rows);
        expect(file.encoding).toBe(encoding);
        expect(file.warnings.map(({ code }) => code)).toContain('encoding_guessed');
      });
    }
    it(`${language} in UTF-8, without a warning`, async () => {
      const { file, rows: found } = await read(Buffer.from(text));
      expect(file.header).toEqual(header);
      expect(found).toEqual(rows);
      expect(file.warnings).toEqual([]);
    });
    for (const mark of ['\uFEFF', '']) {
      for (const isBig of [false, true]) {
        const name = `${language} in UTF-16${isBig ? 'BE' : 'LE'}${mark === '' ? ' without' : ' with'} mark`;
        it(name, async () => {
          const bytes = Buffer.from(mark + text, 'utf16le');
          const { file, rows: found } = await read(isBig ? bytes.swap16() : bytes);
          expect(file.header).toEqual(header);
          expect(found).toEqual(rows);
          expect(file.encoding).toBe(isBig ? 'utf-16be' : 'utf-16le');
        });
      }
    }
  }
});

describe('an encoding', () => {
  it('that is given is used, by any label', async () => {
    const file = await openCsv(Buffer.from('na\xEFve,b\n1,2\n', 'latin1'), { encoding: 'latin1' });
    expect(file.header).toEqual(['naïve', 'b']);
    expect(file.encoding).toBe('windows-1252');
    expect(file.warnings).toEqual([]);
  });

  it('that is not known is refused by name', async () => {
    const opening = openCsv(Buffer.from('a,b\n'), { encoding: 'utf-9' });
    await expect(opening).rejects.toMatchObject({ code: 'unknown_encoding' });
  });

  it.each([
    ['shift_jis', '93fa967b8cea2c838b81834c83930a', '日本語'],
    ['gbk', undefined, undefined],
  ])('%s that is given is read through a UTF-8 copy', async (encoding, hex, name) => {
    if (hex === undefined) {
      const bytes = Buffer.concat([
        Buffer.from('c3fbb3c62cb3c7cad00a', 'hex'),
        Buffer.from('d5c5c8fd2cb1b1bea90a', 'hex'),
      ]);
      const file = await openCsv(bytes, { encoding });
      expect(file.header).toEqual(['名称', '城市']);
      return;
    }
    const file = await openCsv(Buffer.from(hex, 'hex'), { encoding });
    expect(file.header[0]).toBe(name);
    expect(file.encoding).toBe(encoding);
  });

  it('has all its bytes in windows-1252, which the TextDecoder of Node 20 gets wrong', () => {
    const table = singleByteTable('windows-1252');
    expect([0x80, 0x85, 0x92, 0x96, 0x9f].map((byte) => table[byte])).toEqual([
      '€',
      '…',
      '’',
      '–',
      'Ÿ',
    ]);
    expect(table[0x81]).toBe('\\x81');
  });

  it('shows bytes that a single-byte encoding does not have, and the row says so', async () => {
    const file = await openCsv(Buffer.from('caf\xE9,n\n\x81,1\nd\xE9j\xE0,2\n', 'latin1'), {
      encoding: 'windows-1252',
    });
    const records = [];
    for await (const record of file) records.push(record);
    expect(records.map(({ cells }) => cells)).toEqual([
      ['\\x81', '1'],
      ['déjà', '2'],
    ]);
    expect(records[0]?.problem).toEqual({
      code: 'invalid_encoding',
      message: 'byte 7 is \\x81, which is not windows-1252',
    });
  });

  it('keeps a replacement character that is the file’s own', async () => {
    const { rows } = await read(Buffer.from('a,b\nx\uFFFDy,2\n'));
    expect(rows).toEqual([['x\uFFFDy', '2']]);
  });
});
