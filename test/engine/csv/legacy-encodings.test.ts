import { describe, expect, it } from 'vitest';
import { openCsv } from '../../../src/csv.ts';
import {
  isSingleByte,
  singleByteTable,
} from '../../../src/engine/csv/encoding/single-byte-table.ts';

/** Names, streets and places as small address lists have them, and the encodings they come in. */
const LISTS: readonly {
  readonly language: string;
  readonly encodings: readonly string[];
  readonly header: readonly string[];
  readonly columns: readonly (readonly string[])[];
}[] = [
  {
    language: 'Japanese',
    encodings: ['shift_jis', 'euc-jp'],
    header: ['お名前', 'ご住所', '市区町村', 'メモ'],
    columns: [
      ['松本大樹', '清水由美', '森田隆', '岩崎恵子', '藤井直樹', '河野めぐみ', '安藤勇気'],
      ['福岡県福岡市博多区駅前3-2', '京都市左京区下鴨', '仙台市青葉区一番町4'],
      ['福岡', '京都', '仙台'],
      ['', '留守番電話', '折り返し電話希望'],
    ],
  },
  {
    language: 'Japanese in half-width katakana',
    encodings: ['shift_jis'],
    header: ['NAME', 'ADDRESS', 'CITY', 'NOTE'],
    columns: [
      ['ﾏﾂﾓﾄ ﾀﾞｲｷ', 'ｼﾐｽﾞ ﾕﾐ', 'ﾓﾘﾀ ﾀｶｼ', 'ｲﾜｻｷ ｹｲｺ', 'ﾌｼﾞｲ ﾅｵｷ'],
      ['ﾌｸｵｶｼ ﾊｶﾀｸ', 'ｻｷｮｳｸ', 'ｱｵﾊﾞｸ'],
      ['ﾌｸｵｶ', 'ｷｮｳﾄ'],
      ['', 'ﾚﾝﾗｸ'],
    ],
  },
  {
    language: 'Chinese',
    encodings: ['gb18030'],
    header: ['客户', '联系地址', '所在城市', '说明'],
    columns: [
      ['孙志强', '胡晓燕', '郭建军', '何雨桐', '高翔', '罗文博', '梁思思'],
      ['南京市鼓楼区中山路18号', '杭州市西湖区文三路478号', '成都市锦江区春熙路'],
      ['南京', '杭州', '成都'],
      ['', '明天再联系', '地址有误'],
    ],
  },
  {
    language: 'Chinese of Taiwan',
    encodings: ['big5'],
    header: ['客戶', '聯絡地址', '所在縣市', '說明'],
    columns: [
      ['許家豪', '鄭雅文', '謝承恩', '郭佩君', '洪偉倫', '曾詩涵', '廖冠宇'],
      ['新北市板橋區文化路一段', '台南市東區大學路', '桃園市中壢區中正路'],
      ['板橋', '台南', '中壢'],
      ['', '請再聯絡', '地址錯誤'],
    ],
  },
  {
    language: 'Korean',
    encodings: ['euc-kr'],
    header: ['성명', '거주지', '지역', '메모'],
    columns: [
      ['한지민', '오세훈', '서민정', '신동엽', '권보아', '황정민', '안재욱'],
      ['인천광역시 연수구 송도동', '광주광역시 서구 치평동', '제주시 애월읍'],
      ['인천', '광주', '제주'],
      ['', '전화 요망', '주소 확인 필요'],
    ],
  },
  {
    language: 'German',
    encodings: ['windows-1252', 'ibm850', 'macintosh'],
    header: ['Name', 'Anschrift', 'Stadt', 'Größe'],
    columns: [
      ['Günter Schröder', 'Heike Weiß', 'Jürgen Völler', 'Anna Maier', 'Sören Bär'],
      ['Bäckerstraße 7', 'Schloßallee 1', 'Am Mühlbach 9', 'Ringstr. 3'],
      ['Nürnberg', 'Lübeck', 'Berlin', 'Würzburg'],
      ['', 'groß', 'übergroß'],
    ],
  },
  {
    language: 'French',
    encodings: ['windows-1252', 'ibm850', 'macintosh'],
    header: ['Prénom', 'Adresse', 'Ville', 'Remarque'],
    columns: [
      ['Agnès Château', 'Jérôme Lévêque', 'Chloé Maître', 'André Dubois', 'Thérèse Leçon'],
      ['5 rue du Marché', '17 avenue des Peupliers', '2 allée du Puits'],
      ['Mâcon', 'Béziers', 'Évreux', 'Lille'],
      ['', 'réglé', 'à rappeler', 'reçu'],
    ],
  },
  {
    language: 'Spanish',
    encodings: ['windows-1252', 'ibm850', 'macintosh'],
    header: ['Apellidos', 'Dirección', 'Población', 'Observación'],
    columns: [
      ['Martín Fernández', 'Begoña Yáñez', 'Raúl Jiménez', 'Óscar López'],
      ['Avenida de América 9', 'Calle Cañón 2', 'Plaza España'],
      ['Córdoba', 'Logroño', 'Sevilla'],
      ['', 'pagó ayer', 'está pendiente'],
    ],
  },
  {
    language: 'Polish',
    encodings: ['windows-1250', 'iso-8859-2', 'ibm852'],
    header: ['Nazwisko', 'Adres', 'Miejscowość', 'Uwagi'],
    columns: [
      ['Zieliński Michał', 'Szymańska Ewa', 'Woźniak Józef', 'Kozłowski Piotr'],
      ['ul. Mickiewicza 4', 'pl. Wolności 1', 'ul. Żeromskiego 22'],
      ['Wrocław', 'Poznań', 'Częstochowa'],
      ['', 'opóźnienie', 'zwrócić resztę'],
    ],
  },
  {
    language: 'Czech',
    encodings: ['windows-1250', 'iso-8859-2', 'ibm852'],
    header: ['Příjmení', 'Adresa', 'Obec', 'Poznámka'],
    columns: [
      ['Procházka Václav', 'Kučerová Hana', 'Veselý Ondřej', 'Růžičková Jitka'],
      ['Žižkova 12', 'Sokolská třída 3', 'U Lípy 5'],
      ['Liberec', 'České Budějovice', 'Zlín'],
      ['', 'vrácená zásilka', 'přeposlat'],
    ],
  },
  {
    language: 'Russian',
    encodings: ['windows-1251', 'koi8-r', 'ibm866', 'iso-8859-5', 'x-mac-cyrillic'],
    header: ['Фамилия', 'Улица', 'Населённый пункт', 'Пометка'],
    columns: [
      ['Соколов Дмитрий', 'Лебедева Татьяна', 'Козлов Артём', 'Новикова Юлия'],
      ['проспект Мира 12', 'улица Гагарина 7', 'Садовая 40'],
      ['Екатеринбург', 'Новосибирск', 'Самара'],
      ['', 'перезвонить', 'возврат'],
    ],
  },
];

/** Each character's bytes in an encoding: what TextDecoder makes of bytes, turned round. */
function bytesOf(encoding: string): ReadonlyMap<string, readonly number[]> {
  if (isSingleByte(encoding)) {
    return new Map(singleByteTable(encoding).map((character, byte) => [character, [byte]]));
  }
  const decoder = new TextDecoder(encoding);
  const bytes = new Map<string, readonly number[]>();
  const learn = (...sequence: number[]) => {
    const text = decoder.decode(Uint8Array.from(sequence));
    const isOne = Array.from(text).length === 1 && text !== '\uFFFD';
    if (isOne && !bytes.has(text)) bytes.set(text, sequence);
  };
  for (let byte = 0; byte < 0x100; byte++) learn(byte);
  for (let lead = 0x81; lead < 0xff; lead++) {
    for (let trail = 0x40; trail < 0xff; trail++) learn(lead, trail);
  }
  return bytes;
}

function encode(text: string, bytes: ReadonlyMap<string, readonly number[]>): Buffer {
  return Buffer.from(
    Array.from(text).flatMap((character) => {
      const sequence = bytes.get(character);
      if (sequence === undefined) throw new Error(`no bytes for ${character}`);
      return sequence;
    }),
  );
}

const FOREIGN = ['Ann Lee', '5 Elm Road', 'Rome', ''];

/** Ten rows; in the second kind of list most of them are of other countries. */
function rowsOf(columns: readonly (readonly string[])[], kind: 'all' | 'few'): string[][] {
  return Array.from({ length: 10 }, (_, row) =>
    columns.map((cells, column) =>
      kind === 'few' && row % 3 !== 1
        ? (FOREIGN[column] as string)
        : (cells[(row * (column + 1) + column) % cells.length] as string),
    ),
  );
}

describe('ten rows of names and addresses are read right, and the encoding is said to be a guess', () => {
  for (const { language, encodings, header, columns } of LISTS) {
    for (const encoding of encodings) {
      const bytes = bytesOf(encoding);
      for (const kind of ['all', 'few'] as const) {
        it(`${language} in ${encoding}${kind === 'few' ? ', in a third of the rows' : ''}`, async () => {
          const rows = rowsOf(columns, kind);
          const names = kind === 'few' ? ['name', 'address', 'city', 'note'] : header;
          const text = [names, ...rows].map((row) => `${row.join(',')}\r\n`).join('');
          const file = await openCsv(encode(text, bytes));
          const found: (readonly string[])[] = [];
          for await (const { cells } of file) found.push(cells);
          expect([file.encoding, file.header, ...found]).toEqual([encoding, names, ...rows]);
          expect(file.warnings.map(({ code }) => code)).toContain('encoding_guessed');
        });
      }
    }
  }
});

it('what single bytes say wins over pairs of them that happen to be characters', async () => {
  for (const [text, encoding] of [
    ['name,city\nÅke,Ålborg\nÅse,Århus\n', 'windows-1252'],
    ['ИМЯ,ГОРОД\nИВАН,КАЗАНЬ\nОЛЬГА,МОСКВА\n', 'windows-1251'],
    ['имя,город\nИван,Орёл\nОльга,Сочи\n', 'koi8-r'],
  ] as const) {
    expect((await openCsv(encode(text, bytesOf(encoding)))).encoding).toBe(encoding);
  }
});

it('Japanese in seven bits is read', async () => {
  const name = Buffer.from('\x1B$B;3ED\x1B(B', 'latin1');
  const file = await openCsv(Buffer.concat([Buffer.from('name,n\n'), name, Buffer.from(',1\n')]));
  expect(file.encoding).toBe('iso-2022-jp');
  const cells = [];
  for await (const record of file) cells.push(record.cells);
  expect(cells).toEqual([['山田', '1']]);
});

it.each(['cp850', 'IBM850', '850', 'dos-850'])('%s is a name of ibm850', async (label) => {
  const file = await openCsv(Buffer.from('n\x84me,x\n1,2\n', 'latin1'), { encoding: label });
  expect([file.encoding, file.header[0]]).toEqual(['ibm850', 'näme']);
});
