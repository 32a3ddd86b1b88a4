import { parse } from 'csv-parse/sync';
import type { Dirt, DirtKind } from './dirt.ts';

/** A file as offices and programs write it: a table, and what stands above and below it. */
interface OfficeFile {
  readonly above?: readonly string[];
  readonly table: readonly string[];
  readonly below?: readonly string[];
  readonly delimiter?: string;
  /** Blanks between columns that stand below each other. */
  readonly isAligned?: boolean;
  /** Lines of the table that are its header; default: 1. */
  readonly headerLines?: number;
  /** What the columns are called, where it is not what the first line says. */
  readonly names?: readonly string[];
}

/** What has to be read is what csv-parse reads of the lines of the table alone. */
function file({ above = [], table, below = [], headerLines = 1, ...rest }: OfficeFile): Dirt {
  const text = rest.isAligned === true ? table.map((line) => line.replaceAll(/ +/g, ' ')) : table;
  const [first = [], ...records] = parse(text.join('\n'), {
    delimiter: rest.delimiter ?? ',',
    relax_column_count: true,
    skip_empty_lines: true,
  });
  const header = rest.names ?? first.map((name) => name.trim());
  // A delimiter at the end of each line makes no column.
  const width = header.at(-1) === '' ? header.length - 1 : header.length;
  const rows = records.slice(headerLines - 1);
  const isShort = (row: readonly string[]) => row.length < width;
  return {
    bytes: Buffer.from([...above, ...table, ...below].map((line) => `${line}\n`).join('')),
    header: header.slice(0, width),
    rows,
    problems: Object.fromEntries(
      rows.flatMap((row, index) => (isShort(row) ? [[index + 1, 'too_few_cells']] : [])),
    ),
    ...(above.some((line) => line !== '') ? { warning: 'preamble_skipped' } : {}),
  };
}

export const OFFICE_KINDS: readonly DirtKind[] = [
  {
    name: 'a comment above, with as many cells as the table',
    files: () => [
      file({
        above: ['# exported, 2026-01-05, by Ann'],
        table: ['id,name,city', '1,Ada,London', '2,Bob,Paris', '3,Eve,Rome'],
      }),
      file({
        above: ['# exported, 2026-01-05, by Ann'],
        table: ['name,street,city', 'Ada,Elm Road,London', 'Bob,Rue A,Paris', 'Eve,Via B,Rome'],
      }),
      file({
        above: ['# source: crm, live, v2', '# do not edit, ever, please'],
        table: ['id,name,city', '1,Ada,London', '2,Bob,Paris'],
      }),
      file({
        above: ['// made by tool, v3'],
        table: ['id,name', '1,Ada', '2,Bob'],
      }),
      file({
        above: ['-- dump of users, 2026'],
        table: ['id,name', '1,Ada', '2,Bob'],
      }),
      file({
        above: ['% weka relation, x'],
        table: ['id,name', '1,Ada', '2,Bob'],
      }),
      file({
        above: ['##fileformat=VCFv4.2', '##source=x,y'],
        table: [
          '#CHROM\tPOS\tID\tREF\tALT',
          '20\t14370\trs6\tG\tA',
          '20\t17330\t.\tT\tA',
          '20\t1110696\trs60\tA\tG',
        ],
        delimiter: '\t',
      }),
      file({
        above: ['# newsletter list'],
        table: ['email', 'a@b.co', 'b@b.co', 'c@b.co'],
      }),
    ],
  },
  {
    name: 'names of columns that begin with #',
    note: 'the mark of a comment is one only above names',
    files: () => [
      file({
        table: ['#,name,city', '1,Ada,London', '2,Bob,Paris'],
      }),
      file({
        table: ['#id,name,city', '1,Ada,London', '2,Bob,Paris'],
      }),
      file({
        table: ['# name,city', 'Ada,London', 'Bob,Paris', 'Eve,Rome'],
      }),
    ],
  },
  {
    name: 'a title above, with as many cells as the table',
    files: () => [
      file({
        above: ['Sales report, May 2026'],
        table: ['name,amount', 'Ada,5', 'Bob,6', 'Eve,7'],
      }),
      file({
        above: ['Customer list, Berlin'],
        table: ['name,city', 'Ada,London', 'Bob,Paris', 'Eve,Rome'],
      }),
      file({
        above: ['Customer list, Berlin', ''],
        table: ['name,city', 'Ada,London', 'Bob,Paris', 'Eve,Rome'],
      }),
      file({
        above: ['Customers,Berlin', ''],
        table: ['name,city', 'Ada,London', 'Bob,Paris', 'Eve,Rome'],
      }),
      file({
        above: ['Customers,'],
        table: ['name,city', 'Ada,London', 'Bob,Paris'],
      }),
      file({
        above: ['Payroll,April 2026,'],
        table: [
          'Employee,Department,Gross',
          'Ann Berg,IT,5000',
          'Bob Ray,HR,4000',
          'Eve Moss,IT,4500',
        ],
      }),
      file({
        above: ['Class 5b,,Teacher: Ms. Berg,'],
        table: ['Name,Math,Art,Music', 'Ada,5,6,7', 'Bob,7,8,9', 'Class average,6,7,8'],
      }),
    ],
  },
  {
    name: 'names and values above',
    files: () => [
      file({
        above: ['Report,Sales', 'Shop,12', ''],
        table: ['id,amount', '1,5', '2,6', '3,7'],
      }),
      file({
        above: ['Report:,Sales', 'Shop:,12'],
        table: ['id,amount', '1,5', '2,6', '3,7'],
      }),
      file({
        above: ['version,1.2'],
        table: ['name,score', 'Ada,5', 'Bob,6', 'Eve,7'],
      }),
      file({
        above: ['HDR,20260401,0001,ACME'],
        table: [
          'CALLING,CALLED,START,DURATION',
          '491701234567,491709876543,2026-04-01 10:00:00,60',
          '491701234568,491709876544,2026-04-01 10:01:00,30',
          '491701234569,491709876545,2026-04-01 10:02:00,10',
        ],
        below: ['TRL,3'],
      }),
      file({
        above: ['Invoice,INV-2026-04,Customer,ACME,Total,12.30'],
        table: [
          'Number,Date,Time,Destination,Duration,Cost',
          '491701234567,2026-04-01,10:00:00,Germany,00:01:00,0.10',
          '491701234567,2026-04-02,11:00:00,France,00:02:00,0.20',
          '491701234567,2026-04-03,12:00:00,Italy,00:03:00,0.30',
        ],
      }),
      file({
        above: ['Plate,1', 'Instrument,X100'],
        table: ['Well,Sample,OD450', 'A1,S1,0.12', 'A2,S2,0.34', 'A3,S3,0.56'],
      }),
      file({
        above: ['"EXTF";700;21;"Buchungsstapel";12;20260401;;"RE";"";"";1001;1'],
        table: [
          'Umsatz (ohne Soll/Haben-Kz);Soll/Haben-Kennzeichen;WKZ Umsatz;Kurs;Konto;Gegenkonto (ohne BU-Schlüssel);BU-Schlüssel;Belegdatum;Belegfeld 1;Belegfeld 2;Skonto;Buchungstext',
          '119,00;"S";"EUR";;10000;8400;"";0104;"R1";"";;"Rechnung 1"',
          '238,00;"S";"EUR";;10001;8400;"";0204;"R2";"";;"Rechnung 2"',
        ],
        delimiter: ';',
      }),
    ],
  },
  {
    name: 'titles above one or two rows',
    files: () => [
      file({
        above: ['Sales report'],
        table: ['id,name,amount', '1,Ada,5', '2,Bob,6'],
      }),
      file({
        above: ['Sales report'],
        table: ['id,name,amount', '1,Ada,5'],
      }),
      file({
        above: ['Sales report', 'Shop 12, Hamburg', 'Created 2024-05-01'],
        table: ['id,name,amount', '1,Ada,5', '2,Bob,6'],
      }),
      file({
        above: ['Sales report,,'],
        table: ['id,name,amount', '1,Ada,5', '2,Bob,6'],
      }),
      file({
        above: ['Customers,,', ',,'],
        table: ['name,street,city', 'Ada,Elm Road,London', 'Bob,Rue A,Paris'],
      }),
      file({
        above: ['Customers,,'],
        table: ['name,street,city', 'Ada,Elm Road,London'],
      }),
      file({
        above: ['Customers', ''],
        table: ['name,street,city', 'Ada,Elm Road,London', 'Bob,Rue A,Paris'],
      }),
      file({
        above: ['Customers', ''],
        table: ['name,street,city', 'Ada,Elm Road,London'],
      }),
      file({
        above: ['ACME Ltd,,,', 'Stock list,,,'],
        table: ['sku,name,qty,price', 'A-1,Chair,5,9.99'],
      }),
      file({
        above: ['Liste des clients;;', ';;'],
        table: ['Nom;Prénom;Ville', 'Lefèvre;Hélène;Nîmes', 'Nuñez;Zoé;Orléans'],
        delimiter: ';',
      }),
      file({
        above: ['客户名单,,'],
        table: ['姓名,电话,城市', '王伟,13800138000,北京', '李娜,13900139000,上海'],
      }),
      file({
        above: ['顧客一覧'],
        table: ['氏名,電話,都市', '山田太郎,03-1234-5678,東京', '鈴木花子,06-1234-5678,大阪'],
      }),
    ],
  },
  {
    name: 'groups of columns above names that are enough',
    note: 'the names are the header; the groups are reported with the lines above it',
    files: () => [
      file({
        above: [',,Address,,Contact,'],
        table: [
          'id,name,street,city,phone,mail',
          '1,Ada,Elm,London,+44 1234567,a@b.co',
          '2,Bob,Oak,Paris,+33 1234567,b@b.co',
          '3,Eve,Fir,Rome,+39 1234567,c@b.co',
        ],
      }),
      file({
        above: [',,Address,'],
        table: ['name,family,street,city', 'Ada,Love,Elm,London', 'Bob,Brown,Oak,Paris'],
      }),
    ],
  },
  {
    name: 'groups of columns above names that need them',
    note: '`Billing street`, `Billing city`: the name of a group stands for the columns to its right',
    files: () => [
      file({
        table: [
          ',Billing,,Shipping,',
          'id,street,city,street,city',
          '1,Elm,London,Oak,Paris',
          '2,Fir,Rome,Ash,Bonn',
        ],
        names: ['id', 'Billing street', 'Billing city', 'Shipping street', 'Shipping city'],
        headerLines: 2,
      }),
      file({
        table: [
          ',Billing,,Shipping,',
          'name,street,city,street,city',
          'Ada,Elm,London,Oak,Paris',
          'Bob,Fir,Rome,Ash,Bonn',
        ],
        names: ['name', 'Billing street', 'Billing city', 'Shipping street', 'Shipping city'],
        headerLines: 2,
      }),
      file({
        table: [
          'Name,Address,,Phone',
          ',Street,City,',
          'Ada,Elm,London,+44 1234567',
          'Bob,Oak,Paris,+33 1234567',
        ],
        names: ['Name', 'Address Street', 'Address City', 'Phone'],
        headerLines: 2,
      }),
      file({
        table: [
          'region,2023,,2024,',
          ',Q1,Q2,Q1,Q2',
          'North,1,2,3,4',
          'South,5,6,7,8',
          'East,1,2,3,4',
        ],
        names: ['region', '2023 Q1', '2023 Q2', '2024 Q1', '2024 Q2'],
        headerLines: 2,
      }),
      file({
        above: ['Report,,,,'],
        table: [
          ',Billing,,Shipping,',
          'id,street,city,street,city',
          '1,Elm,London,Oak,Paris',
          '2,Fir,Rome,Ash,Bonn',
        ],
        names: ['id', 'Billing street', 'Billing city', 'Shipping street', 'Shipping city'],
        headerLines: 2,
      }),
      file({
        table: [
          'Respondent ID,Collector ID,Which colours do you like?,,,Comment',
          ',,Red,Green,Blue,Open-Ended Response',
          '1001,55,Red,,Blue,nice',
          '1002,55,,Green,,',
          '1003,55,Red,,,x',
        ],
        names: [
          'Respondent ID',
          'Collector ID',
          'Which colours do you like? Red',
          'Which colours do you like? Green',
          'Which colours do you like? Blue',
          'Comment Open-Ended Response',
        ],
        headerLines: 2,
      }),
    ],
  },
  {
    name: 'a line of dashes below the header',
    note: 'it is left out and reported',
    files: () => [
      file({
        table: ['id,name,city', '--,----,----', '1,Ada,London', '2,Bob,Paris'],
        below: ['', '(2 rows affected)'],
        headerLines: 2,
      }),
      file({
        table: ['id|name|city', '--|---|---', '1|Ada|London', '2|Bob|Paris'],
        delimiter: '|',
        headerLines: 2,
      }),
    ],
  },
  {
    name: 'a first row that looks like names',
    files: () => [
      file({
        table: ['id,name,amount', 'n/a,Ada,n/a', '2,Bob,6', '3,Eve,7', '4,Ann,8'],
      }),
      file({
        table: ['name,amount', 'Test,unknown', 'Bob,6', 'Eve,7', 'Ann,8'],
      }),
      file({
        table: ['first,last', 'name,city'],
      }),
      file({
        table: ['Country, 2024', 'France,5', 'Spain,6', 'Italy,7'],
      }),
      file({
        table: ['country,2021,2022,2023', 'France,1,2,3', 'Spain,4,5,6'],
      }),
    ],
  },
  {
    name: 'rows that lack their empty cells at the end',
    note: 'each such row has the problem too_few_cells; none moves the header or is taken for a title or a footer',
    files: () => [
      file({
        table: [
          'name,street,city,note',
          'Ada,Elm,London,vip',
          'Bob,Oak,Paris',
          'Eve,Fir,Rome,',
          'Ann,Ash,Bonn',
          'Joe,Elm,Cork,x',
        ],
      }),
      file({
        above: ['Customers of May', ''],
        table: ['name,street,city,note', 'Ada,Elm,London', 'Bob,Oak,Paris', 'Eve,Fir,Rome'],
      }),
      file({
        above: ['Customers of May'],
        table: ['id,name,city,note', '1,Ada,London', '2,Bob,Paris', '3,Eve,Rome'],
      }),
      file({
        above: ['Customers,,,'],
        table: ['id,name,city,note', '1,Ada,London', '2,Bob,Paris', '3,Eve,Rome'],
      }),
      file({
        table: [
          'name,street,city,note',
          'Ada,Elm,London,vip',
          'Bob,Oak,Paris,x',
          'Eve,Fir,Rome,y',
          'Ann',
        ],
      }),
      file({
        table: [
          'name,street,city,note',
          'Ada',
          'Bob,Oak,Paris,x',
          'Eve,Fir,Rome,y',
          'Ann,Ash,Bonn,z',
        ],
      }),
      file({
        table: [
          'name,street,city,note',
          'Ada,Elm',
          'Bob,Oak,Paris',
          'Eve,Fir,Rome,y',
          'Ann,Ash,Bonn,z',
          'Joe,Ash,Bonn,z',
        ],
      }),
      file({
        table: [
          'name,street,city,note',
          'Ada,Elm,London',
          'Bob,Oak,Paris',
          'Eve,Fir,Rome,y',
          'Ann,Ash,Bonn,z',
        ],
      }),
      file({
        table: [
          'name,street,city,note',
          'Ada,Elm,London,vip',
          'Bob,Oak,Paris,x',
          'Eve,Fir,Rome,y',
          'Ann,Ash',
          'Joe,Ash',
          'Kim,Ash',
        ],
      }),
      file({
        table: ['id,name,city,note', '1,Ada,London,x', '2,Bob,Paris,y', '3', '4'],
      }),
      file({
        table: [
          'name,street,city,note',
          'Ada,Elm,London,vip',
          'Bob,Oak,Paris,x',
          'Eve,Fir,Rome,y',
          'Ann',
          'Joe',
        ],
      }),
      file({
        table: ['a;b;c;d;e', 'x;y', 'x;y;z', 'x;y;z;w', 'x;y;z;w;v', 'x;y', 'x;y;z'],
        delimiter: ';',
      }),
      file({
        table: [
          'name,street,city,note',
          'N0,S,C,x',
          'N1,S,C,x',
          'N2,S,C,x',
          'N3,S,C,x',
          'N4,S,C,x',
          'N5,S,C,x',
          'N6,S,C,x',
          'N7,S,C,x',
          'M0,S,C',
          'M1,S,C',
          'M2,S,C',
          'M3,S,C',
          'M4,S,C',
          'M5,S,C',
          'M6,S,C',
          'M7,S,C',
        ],
      }),
    ],
  },
  {
    name: 'a count of rows, an end or its maker below',
    files: () => [
      file({
        table: ['id|name', '1|Ada', '2|Bob'],
        below: ['(2 rows)'],
        delimiter: '|',
      }),
      file({
        table: ['id,name,city', '1,Ada,London', '2,Bob,Paris'],
        below: ['(2 rows)'],
      }),
      file({
        table: ['id,name,city', '1,Ada,London', '2,Bob,Paris'],
        below: ['', '(2 rows affected)'],
      }),
      file({
        table: ['id,name', '1,Ada', '2,Bob'],
        below: ['2 records'],
      }),
      file({
        table: ['id,name', '1,Ada', '2,Bob'],
        below: ['Total records: 2'],
      }),
      file({
        table: ['id,name,x', '1,Ada,a', '2,Bob,b'],
        below: ['Records: 2'],
      }),
      file({
        table: ['id,name', '1,Ada', '2,Bob'],
        below: ['-- end --'],
      }),
      file({
        table: ['name,city', 'Ada,London', 'Bob,Paris'],
        below: ['*** End of Report ***'],
      }),
      file({
        table: ['name,city', 'Ada,London', 'Bob,Paris'],
        below: ['Generated by Foo 1.2'],
      }),
      file({
        table: ['id,name', '1,Ada', '2,Bob'],
        below: ['', 'Generated by Foo, 2026-01-05'],
      }),
      file({
        table: ['id,name', '1,Ada', '2,Bob'],
        below: ['Generated by Foo, 2026-01-05'],
      }),
      file({
        table: ['id,name', '1,Ada', '2,Bob'],
        below: ['# 2 rows'],
      }),
      file({
        table: ['email', 'a@b.co', 'b@b.co'],
        below: ['(2 rows)'],
      }),
      file({
        table: ['EMPNO,ENAME,SAL', '7369,SMITH,800', '7499,ALLEN,1600'],
        below: ['', '2 rows selected.'],
      }),
      file({
        above: ['HEADER,ACME,20260401'],
        table: ['OrderNo,Item,Qty', '1001,A-1,5', '1002,A-2,6'],
        below: ['TRAILER,2,'],
      }),
    ],
  },
  {
    name: 'a row of sums below',
    note: 'where its words are not enough, its values have to be the sums of the columns',
    files: () => [
      file({
        table: ['name;qty;price', 'Chair;2;50', 'Table;1;70'],
        below: ['Total;;120'],
        delimiter: ';',
      }),
      file({
        table: ['name;price', 'Chair;50', 'Table;70'],
        below: ['Total;120'],
        delimiter: ';',
      }),
      file({
        table: ['name;qty;price', 'Chair;2;50', 'Table;1;70'],
        below: ['Total:;3;120'],
        delimiter: ';',
      }),
      file({
        table: ['Artikel;Menge;Preis', 'Stuhl;2;50,00', 'Tisch;1;70,00'],
        below: ['Gesamtbetrag;;120,00'],
        delimiter: ';',
      }),
      file({
        table: ['商品,数量,金額', 'りんご,2,200', 'みかん,3,300'],
        below: ['合計,5,500'],
      }),
      file({
        table: ['Товар;Кол-во;Сумма', 'Стул;2;50', 'Стол;1;70'],
        below: ['Итого;;120'],
        delimiter: ';',
      }),
    ],
  },
  {
    name: 'a last row that looks like a footer and is none',
    files: () => [
      file({
        table: ['note', 'hello', 'Note to self', 'bye'],
      }),
      file({
        table: ['company,city', 'Shell,London', 'Total,Paris'],
      }),
      file({
        table: ['company;employees;city', 'Shell;100;London', 'Total;90;Paris'],
        delimiter: ';',
      }),
      file({
        table: ['title,author', 'Sources of joy,Ann', 'Notes,Bob'],
      }),
      file({
        table: ['title,author,year', 'Report,Ann,2001', 'Page,Bob,2002', 'Source,Eve,2003'],
      }),
      file({
        table: ['title,author,year', 'Report,Ann,2001'],
      }),
      file({
        table: ['title,author,year', 'Emma,Austen,2001', 'Notes from Underground'],
      }),
      file({
        table: ['name,math,art', 'Ada,5,6', 'Bob,7,8', 'Average,6,7'],
      }),
    ],
  },
  {
    name: 'exports of banks',
    files: () => [
      file({
        above: [
          '"Kontonummer:";"DE12500105170648489890 / Girokonto"',
          '',
          '"Von:";"01.04.2026"',
          '"Bis:";"30.04.2026"',
          '"Kontostand vom 30.04.2026:";"1.234,56 EUR"',
          '',
        ],
        table: [
          '"Buchungstag";"Wertstellung";"Buchungstext";"Auftraggeber / Beguenstigter";"Verwendungszweck";"Betrag (EUR)"',
          '"30.04.2026";"30.04.2026";"Lastschrift";"REWE";"Einkauf";"-12,30"',
          '"29.04.2026";"29.04.2026";"Gutschrift";"Arbeit GmbH";"Lohn";"2.000,00"',
        ],
        delimiter: ';',
      }),
      file({
        above: [
          'Umsatzanzeige;Datei erstellt am: 01.05.2026 10:00',
          '',
          'IBAN;DE12 5001 0517 0648 4898 90',
          'Kontoname;Girokonto',
          'Bank;ING',
          'Kunde;Ann Berg',
          'Zeitraum;01.04.2026 - 30.04.2026',
          'Saldo;1.234,56;EUR',
          '',
          'Sortierung;Datum absteigend',
          '',
          'In der CSV-Datei finden Sie alle bereits gebuchten Umsätze. Die vorgemerkten Umsätze werden nicht aufgenommen, auch wenn sie in Ihrem Internetbanking angezeigt werden.',
          '',
        ],
        table: [
          'Buchung;Valuta;Auftraggeber/Empfänger;Buchungstext;Verwendungszweck;Saldo;Währung;Betrag;Währung',
          '30.04.2026;30.04.2026;REWE;Lastschrift;Einkauf;1.234,56;EUR;-12,30;EUR',
          '29.04.2026;29.04.2026;Arbeit;Gutschrift;Lohn;1.246,86;EUR;2.000,00;EUR',
        ],
        delimiter: ';',
      }),
      file({
        above: [
          'Description,,Summary Amt.',
          'Beginning balance as of 04/01/2026,,"1,000.00"',
          'Total credits,,"500.00"',
          'Total debits,,"-300.00"',
          'Ending balance as of 04/30/2026,,"1,200.00"',
          '',
        ],
        table: [
          'Date,Description,Amount,Running Bal.',
          '04/01/2026,Beginning balance as of 04/01/2026,,"1,000.00"',
          '04/03/2026,"COFFEE SHOP, NY","-5.00","995.00"',
          '04/09/2026,"PAYROLL","500.00","1,495.00"',
        ],
      }),
      file({
        above: [
          'Account Name:,Flex Account',
          'Account Balance:,£1.00',
          'Available Balance: ,£1.00',
          '',
        ],
        table: [
          'Date,Transaction type,Description,Paid out,Paid in,Balance',
          '01 Apr 2026,Visa,Tesco,£5.00,,£100.00',
          '02 Apr 2026,Bank credit,Job,,£50.00,£150.00',
        ],
      }),
      file({
        above: [
          'Date de téléchargement : 01/05/2026',
          '',
          'Numéro de compte : 00012345',
          'Solde au 30/04/2026 : 1 234,56 €',
          '',
        ],
        table: [
          'Date;Libellé;Débit euros;Crédit euros;',
          '30/04/2026;CARTE CARREFOUR;12,30;;',
          '29/04/2026;VIREMENT SALAIRE;;2000,00;',
        ],
        delimiter: ';',
      }),
      file({
        above: [
          '"Umsätze";"Girokonto"',
          '"Name";"Ann Berg"',
          '"IBAN";"DE12 3456"',
          '"Kontostand";"1.234,56 €"',
          '',
        ],
        table: [
          '"Buchungstag";"Wert";"Umsatzart";"Begünstigter";"Betrag"',
          '"1.4.2026";"1.4.2026";"Lastschrift";"Strom";"-55,00"',
          '"2.4.2026";"2.4.2026";"Gutschrift";"Lohn";"2.000,00"',
          '"3.4.2026";"3.4.2026";"Lastschrift";"Gas";"-5,00"',
        ],
        delimiter: ';',
      }),
      file({
        table: [
          'Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance',
          'CARD_PAYMENT,Current,2026-04-01 10:00:00,2026-04-02 10:00:00,Tesco,-5.00,0.00,GBP,COMPLETED,95.00',
          'TOPUP,Current,2026-04-03 10:00:00,,Top-Up,50.00,0.00,GBP,PENDING,',
        ],
      }),
      file({
        above: [
          'Kontonummer:;0123 00456789.40;',
          'IBAN:;CH12 0023;',
          'Von:;2026-04-01;',
          'Bis:;2026-04-30;',
          'Anfangssaldo:;1000.00;',
          'Schlusssaldo:;1200.00;',
          'Bewertet in:;CHF;',
          'Anzahl Transaktionen in diesem Zeitraum:;2;',
          '',
        ],
        table: [
          'Abschlussdatum;Buchungsdatum;Währung;Belastung;Gutschrift;Saldo;Beschreibung1',
          '2026-04-01;2026-04-01;CHF;-5.00;;995.00;"Coop"',
          '2026-04-02;2026-04-02;CHF;;205.00;1200.00;"Lohn"',
        ],
        delimiter: ';',
      }),
      file({
        above: ['Lista movimenti conto;;;', 'Intestatario: ROSSI MARIO;;;', ';;;'],
        table: [
          'Data;Descrizione;Dare;Avere',
          '01/04/2026;POS COOP;12,30;',
          '02/04/2026;STIPENDIO;;1.500,00',
        ],
        delimiter: ';',
      }),
      file({
        above: ['Movimientos de la cuenta;;;', 'Titular;JUAN PÉREZ;;', 'Saldo;1.234,56;;', ''],
        table: [
          'Fecha;Concepto;Importe;Saldo',
          '01/04/2026;COMPRA;-12,30;1.234,56',
          '02/04/2026;NÓMINA;1.500,00;1.246,86',
        ],
        delimiter: ';',
      }),
      file({
        table: [
          '#Data operacji;#Opis operacji;#Rachunek;#Kwota',
          '2026-04-01;ZAKUP;12;-12,30 PLN',
          '2026-04-02;PRZELEW;12;1500,00 PLN',
        ],
        delimiter: ';',
      }),
      file({
        above: [
          '支付宝交易记录明细查询',
          '账号:[a@b.co]',
          '起始日期:[2026-04-01 00:00:00]    终止日期:[2026-04-30 00:00:00]',
          '---------------------------------交易记录明细列表------------------------------------',
        ],
        table: [
          '交易号,商家订单号,交易创建时间,付款时间,金额（元）,交易状态',
          '2026040122001,T1,2026-04-01 10:00:00,2026-04-01 10:00:01,12.30,交易成功',
          '2026040122002,T2,2026-04-02 10:00:00,2026-04-02 10:00:01,2.30,交易成功',
        ],
        below: [
          '------------------------------------------------------------------------------------',
          '共2笔记录',
        ],
      }),
      file({
        above: [
          '微信支付账单明细,,,,',
          '微信昵称：[安],,,,',
          '起始时间：[2026-04-01 00:00:00],,,,',
          ',,,,',
          '----------------------微信支付账单明细列表--------------------,,,,',
        ],
        table: [
          '交易时间,交易类型,交易对方,商品,金额(元)',
          '2026-04-01 10:00:00,商户消费,超市,苹果,¥12.30',
          '2026-04-02 10:00:00,转账,王伟,转账,¥2.30',
        ],
      }),
    ],
  },
  {
    name: 'exports of shops and payment services',
    files: () => [
      file({
        table: [
          'Name,Email,Financial Status,Paid at,Total,Lineitem quantity,Lineitem name',
          '#1001,a@b.co,paid,2026-04-01 10:00:00 +0200,12.30,1,Chair',
          '#1001,a@b.co,,,,2,Table',
          '#1000,b@b.co,paid,2026-04-01 09:00:00 +0200,5.00,1,Lamp',
        ],
      }),
      file({
        table: [
          'Handle,Title,Body (HTML),Vendor,Published,Option1 Name,Option1 Value,Variant Price',
          'chair,Chair,"<p>Nice, small</p>",Acme,true,Size,S,10.00',
          'chair,,,,,,M,11.00',
          'chair,,,,,,L,12.00',
          'table,Table,,Acme,true,Title,Default Title,30.00',
        ],
      }),
      file({
        table: [
          'id,Created (UTC),Amount,Amount Refunded,Currency,Description,Customer Email,Captured',
          'ch_3N1abc,2026-04-01 10:00,12.30,0.00,eur,Invoice 1,a@b.co,true',
          'ch_3N2abd,2026-04-02 10:00,13.30,0.00,eur,,b@b.co,true',
        ],
      }),
      file({
        table: [
          '"Date","Time","TimeZone","Name","Type","Status","Currency","Gross"',
          '"01/04/2026","10:00:00","BST","Ann","Payment","Completed","GBP","5.00"',
          '"02/04/2026","10:01:00","BST","","Withdrawal","Completed","GBP","-5.00"',
        ],
      }),
      file({
        above: [
          '"Includes Amazon Marketplace, Fulfillment by Amazon (FBA), and Amazon Webstore transactions"',
          '"All amounts in USD, unless specified"',
          '"Definitions:"',
          '"Sales tax collected: Includes sales tax collected from buyers."',
          '"Selling fees: Includes variable closing fees and referral fees."',
        ],
        table: [
          '"date/time","settlement id","type","order id","sku","quantity","total"',
          '"Apr 1, 2026 12:00:01 AM PDT","123456","Order","111-222","A-1","1","9.99"',
          '"Apr 2, 2026 12:00:01 AM PDT","123456","Refund","111-223","A-2","1","-9.99"',
        ],
      }),
      file({
        above: [''],
        table: [
          '"Sales Record Number","Order Number","Buyer Username","Buyer Name","Item Title","Sold For"',
          '',
          '"100","12-345-678","ann1","Ann Berg","Chair","$9.99"',
          '"101","12-345-679","bob1","Bob Ray","Table","$19.99"',
        ],
        below: [
          '',
          '"2","record(s) downloaded","from ","Apr-01-26"," to ","Apr-30-26"',
          '"Seller ID : shop1"',
        ],
      }),
    ],
  },
  {
    name: 'exports of advertising, analytics and customer systems',
    files: () => [
      file({
        above: ['Campaign report', '"April 1, 2026 - April 30, 2026"'],
        table: [
          'Campaign,Budget,Status,Clicks,Impr.,CTR,Cost',
          'Brand,10.00,Enabled,100,"2,000",5.00%,50.00',
          'Generic,20.00,Paused,50,"5,000",1.00%,80.00',
        ],
        below: [
          'Total: Campaigns, --, --,150,"7,000",2.14%,130.00',
          'Total: Account, --, --,150,"7,000",2.14%,130.00',
        ],
      }),
      file({
        above: [
          '# ----------------------------------------',
          '# All Web Site Data',
          '# Pages',
          '# 20260401-20260430',
          '# ----------------------------------------',
          '',
        ],
        table: [
          'Page,Pageviews,Avg. Time on Page',
          '/home,"1,234",00:01:20',
          '/about,321,00:00:40',
          '/p1,11,00:00:11',
          '/p2,21,00:00:12',
          '/p3,31,00:00:13',
          '/p4,41,00:00:14',
          '/p5,51,00:00:15',
          '/p6,61,00:00:16',
        ],
        below: ['', 'Day Index,Pageviews', '4/1/26,500', '4/2/26,400', '4/3/26,655'],
      }),
      file({
        above: [
          '# ----------------------------------------',
          '# Free form 1',
          '# Account, Property',
          '# ----------------------------------------',
          '',
        ],
        table: ['Country,City,Active users', ',,120', 'France,Paris,80', 'Italy,Rome,40'],
      }),
      file({
        table: [
          'Reporting starts,Reporting ends,Campaign name,Amount spent (EUR),Results',
          '2026-04-01,2026-04-30,Brand,12.30,5',
          '2026-04-01,2026-04-30,Sale,99.30,',
        ],
      }),
      file({
        table: [
          '"Account Name","Amount","Close Date"',
          '"Acme","1000","1/5/2026"',
          '"Bolt, Inc","2000","1/6/2026"',
        ],
        below: [
          '',
          '',
          '',
          '"Open Deals"',
          '"Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."',
          '"Confidential Information - Do Not Distribute"',
          '"Generated By: Ann Berg 1/7/2026 10:00 AM"',
          '"Acme Corp"',
        ],
      }),
      file({
        above: [
          'Notes:',
          '"When exporting your connection data, you may notice that some of the email addresses are missing."',
          '',
        ],
        table: [
          'First Name,Last Name,URL,Email Address,Company,Position,Connected On',
          'Ada,Love,https://x.co/in/ada,,Acme,CTO,01 Apr 2026',
          'Bob,Ray,https://x.co/in/bob,b@b.co,"Bolt, Inc",Dev,02 Apr 2026',
        ],
      }),
      file({
        table: [
          'Issue key,Summary,Labels,Labels,Labels,Created',
          'A-1,Fix it,a,b,,01/Apr/26 10:00 AM',
          'A-2,"Do, it",a,,,02/Apr/26 10:00 AM',
        ],
      }),
      file({
        table: [
          'User,Email,Client,Project,Start date,Start time,Duration,Amount ()',
          'Ann,a@b.co,,Web,2026-04-01,10:00:00,01:00:00,',
          'Ann,a@b.co,Acme,App,2026-04-02,10:00:00,00:30:00,',
        ],
      }),
      file({
        table: [
          'First Name,Middle Name,Last Name,E-mail Address,Home Phone',
          'Ada,,Love,a@b.co,',
          'Bob,,Ray,,+44 1234567',
        ],
      }),
      file({
        table: [
          'Top queries,Clicks,Impressions,CTR,Position',
          'chair,10,100,10%,1.2',
          'table,5,100,5%,3.4',
        ],
      }),
      file({
        above: ['"Report Name: Keyword"', '"Report Time: 4/1/2026,4/30/2026"', '"Rows: 2"', ''],
        table: [
          '"Keyword","Impressions","Clicks","Spend"',
          '"chair","100","5","1.20"',
          '"table","200","6","2.20"',
        ],
        below: ['', '"©2026 Microsoft Corporation. All rights reserved. "'],
      }),
      file({
        table: [
          '"Record ID","First Name","Last Name","Email","Lifecycle Stage"',
          '"101","Ada","Love","a@b.co","lead"',
          '"102","","","b@b.co",""',
        ],
      }),
      file({
        above: ['Member list - confidential', ''],
        table: [
          'Mitglied;Ort;Eintritt',
          'Ada Love;Bonn;2020',
          'Bob Ray;Rom;2021',
          'Eve Moss;Ulm;2022',
        ],
        below: ['', 'Erstellt am 01.05.2026'],
        delimiter: ';',
      }),
      file({
        above: ['Arrivals 01 Apr 2026', ''],
        table: ['Room,Guest,Nights,Rate', '101,"Berg, Ann",2,99.00', '102,"Ray, Bob",1,89.00'],
        below: ['', 'Total arrivals: 2'],
      }),
      file({
        above: ['Class list 5b', 'Teacher,Ms. Berg', ''],
        table: ['Last name,First name,House', 'Love,Ada,Red', 'Ray,Bob,Blue'],
      }),
    ],
  },
  {
    name: 'exports of accounting and enterprise systems',
    files: () => [
      file({
        above: ['Company Code;1000', 'Fiscal year;2026', ''],
        table: [
          'G/L Account;Short Text;Balance;Currency',
          '113100;Bank 1;1.234,56-;EUR',
          '113101;Bank 2;34,00;EUR',
          '400000;Revenue;5.000,00-;EUR',
        ],
        delimiter: ';',
      }),
      file({
        above: ['Table:   MARA', 'Displayed Fields:  4 of  4', ''],
        table: [
          '\tMATNR\tERSDA\tMTART',
          '',
          '\t100\t01.01.2026\tFERT',
          '\t101\t02.01.2026\tHALB',
          '\t102\t02.01.2026\tHALB',
        ],
        delimiter: '\t',
      }),
      file({
        above: ['ACME Inc.,,,', 'Transaction List by Date,,,', '"April 1-30, 2026",,,', ''],
        table: [
          'Date,Transaction Type,Num,Amount',
          '04/01/2026,Invoice,1001,"1,200.00"',
          '04/05/2026,Payment,,-500.00',
        ],
        below: ['', '"Friday, May 01, 2026 10:00:00 AM GMT+2 - Accrual Basis",,,'],
      }),
      file({
        above: [
          '"Data Source","World Development Indicators",',
          '',
          '"Last Updated Date","2026-04-01",',
          '',
        ],
        table: [
          '"Country Name","Country Code","Indicator Name","2022","2023",',
          '"Aruba","ABW","Population, total","100","101",',
          '"Angola","AGO","Population, total","200","203",',
          '"Chad","TCD","Population, total","","303",',
        ],
      }),
      file({
        table: ['geo\\time,2021,2022', 'AT,1.2,: ', 'BE,2.2,3.1 b'],
      }),
      file({
        above: ['Umsatzliste;;;', 'Stand: 01.05.2026;;;', ';;;'],
        table: [
          'Artikel-Nr.;Bezeichnung;Menge;Umsatz',
          '1001;Stuhl;2;50,00 €',
          '1002;Tisch;1;70,00 €',
        ],
        below: [';;;', 'Summe;;3;120,00 €'],
        delimiter: ';',
      }),
      file({
        above: ['Ventes du mois;;'],
        table: ['Produit;Quantité;Montant', 'Chaise;2;50,00 €', 'Table;1;70,00 €'],
        below: ['Total général;3;120,00 €'],
        delimiter: ';',
      }),
      file({
        above: ['ACME Inc.', 'Sales by Customer', '"April 1, 2026 - April 30, 2026"'],
        table: ['Customer,Invoices,Revenue', 'Bolt,2,"$1,200.00"', 'Cog,1,"$200.00"'],
        below: ['Total,3,"$1,400.00"'],
      }),
      file({
        above: ['"Acme Ltd"', '"Aged Creditors","","","30/04/2026"', ''],
        table: [
          '"A/C","Name","Balance","Current"',
          '"BOLT","Bolt Ltd","10.00","10.00"',
          '"COG","Cog Ltd","20.00","0.00"',
        ],
      }),
      file({
        table: [
          '"id","name","partner_id/name","amount_total"',
          '"__export__.sale_order_1","S001","Ada","12.30"',
          '"__export__.sale_order_2","S002","Bob","2.30"',
        ],
      }),
      file({
        above: ['Warehouse: Main,,Printed: 2026-05-01,'],
        table: ['SKU,Description,On hand,Reserved', 'A-1,Chair,5,0', 'A-2,Table,2,1'],
      }),
    ],
  },
  {
    name: 'exports of devices and laboratories',
    files: () => [
      file({
        above: ['Patient ID:,12345', 'Sample date:,2026-04-01', 'Lab:,"Central, Ward 3"', ''],
        table: [
          'Test,Result,Unit,Reference range,Flag',
          'Glucose,5.4,mmol/L,3.9-5.5,',
          'Sodium,130,mmol/L,135-145,L',
          'HIV,negative,,,',
        ],
      }),
      file({
        above: ['Logger Serial,SN123', 'Start,2026-04-01 10:00', 'Interval,60 s', ''],
        table: [
          'Timestamp,Temp (°C),RH (%)',
          '2026-04-01 10:00:00,20.1,40',
          '2026-04-01 10:01:00,20.2,41',
          '2026-04-01 10:02:00,20.3,42',
        ],
      }),
      file({
        table: [
          'Date,Open,High,Low,Close,Adj Close,Volume',
          '2026-04-01,1.1,1.2,1.0,1.1,1.1,100',
          '2026-04-02,null,null,null,null,null,null',
          '2026-04-03,1.1,1.2,1.0,1.1,1.1,100',
        ],
      }),
      file({
        table: [
          'PID TTY          TIME CMD',
          '1001 pts/0    00:00:01 bash',
          '1002 pts/0    00:00:02 node',
          '1003 pts/0    00:00:00 ps',
        ],
        delimiter: ' ',
        isAligned: true,
      }),
      file({
        table: [
          'time,temp,wind',
          's,C,m/s',
          '1,20.5,3',
          '2,21.5,4',
          '3,22.5,2',
          '4,21.0,4',
          '5,20,1',
        ],
        names: ['time s', 'temp C', 'wind m/s'],
        headerLines: 2,
      }),
      file({
        above: ['LIMS export;v2.1;;;'],
        table: [
          'Proben-ID;Analyt;Wert;Einheit;Datum',
          'P-001;Glukose;5,4;mmol/l;01.04.2026',
          'P-002;Natrium;<130;mmol/l;01.04.2026',
          'P-003;Kalium;4,1;mmol/l;02.04.2026',
        ],
        delimiter: ';',
      }),
      file({
        table: [
          'STATIONS_ID;MESS_DATUM;QN_9;TT_TU;RF_TU;eor',
          '          3;1950040101;    5;   5.7;  83.0;eor',
          '          3;1950040102;    5;   5.6;  83.0;eor',
        ],
        delimiter: ';',
      }),
      file({
        table: [
          'time,lat,lon,elevation',
          '2026-04-01T10:00:00Z,51.5,-0.12,12',
          '2026-04-01T10:00:01Z,51.5,-0.12,',
        ],
      }),
    ],
  },
];
