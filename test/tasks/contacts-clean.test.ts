import { describe, expect, it } from 'vitest';
import * as phones from 'libphonenumber-js/max';
import { clean } from '../../src/tasks/contacts.ts';
import { countryCode } from '../../src/tasks/contacts/country.ts';
import { cleanEmail } from '../../src/tasks/contacts/email.ts';
import { cleanName } from '../../src/tasks/contacts/person-name.ts';
import { cleanPhone } from '../../src/tasks/contacts/phone.ts';
import { outcomesOf } from './outcomes-of.ts';

describe('an e-mail address', () => {
  it.each([
    [' Ada@Example.COM ', 'Ada@example.com'],
    ['\uFEFFada@example.org\u200B', 'ada@example.org'],
    ['ada@example.org\u00A0', 'ada@example.org'],
    ['mailto:ada@example.org', 'ada@example.org'],
    ['Ada Lovelace <ada@example.org>', 'ada@example.org'],
    ['<ada@example.org', 'ada@example.org'],
    ['"ada@example.org"', 'ada@example.org'],
    ['ada@gmail,com', 'ada@gmail.com'],
    ['ada@example..org', 'ada@example.org'],
    ['ada@example.org;', 'ada@example.org'],
    ['ada @ example . org', 'ada@example.org'],
    ['ada (at) example [dot] org', 'ada@example.org'],
    ['ａｄａ＠ｅｘａｍｐｌｅ．ｏｒｇ', 'ada@example.org'],
    ["o'brien+shop@example.org", "o'brien+shop@example.org"],
    ['ada@Müller.DE', 'ada@müller.de'],
  ])('%j becomes %j', (cell, email) => {
    expect(cleanEmail(cell)).toEqual({ email });
  });

  it.each([
    ['ada.example.org', 'is not an e-mail address: it has no @'],
    ['@example.org', 'is not an e-mail address: nothing stands before the @'],
    ['ada@', 'is not an e-mail address: nothing stands after the @'],
    ['ada@localhost', 'is not an e-mail address: its domain localhost has no dot'],
    ['ada lovelace@example.org', 'is not an e-mail address: it has a space inside'],
    ['ada@example.con', 'is not an e-mail address: .con does not exist, .com does'],
    ['ada@example.org, bob@example.org', 'holds 2 e-mail addresses'],
    ['ada@@example.org', 'is not an e-mail address: it has more than one @'],
    ['n/a', 'is not an e-mail address'],
    ['andré@example.org', 'is not an e-mail address: é cannot stand before the @'],
    ['ada..b@example.org', 'is not an e-mail address'],
  ])('%j is refused: it %s', (cell, reason) => {
    expect(cleanEmail(cell)).toEqual({ reason });
  });

  it('takes the short way only to where the long one leads', () => {
    const parts = ['a', 'A.b', 'x+y', '1', 'a..b', '', 'é'];
    const domains = [
      'x.org',
      'X.org',
      'sub.x-y.co',
      'x-.org',
      'x.con',
      'x',
      '1.2',
      `${'x'.repeat(64)}.org`,
    ];
    for (const part of parts) {
      for (const domain of domains) {
        // A space before it makes the long way of it.
        expect(cleanEmail(`${part}@${domain}`)).toEqual(cleanEmail(` ${part}@${domain}`));
      }
    }
  });

  it('is clean after it was cleaned once', () => {
    for (const cell of [' "Ada" <Ada@Example,com>; ', 'x (at) y.example', 'mailto: a@b.example.']) {
      const once = cleanEmail(cell).email ?? '';
      expect(cleanEmail(once).email).toBe(once);
    }
  });
});

describe('a name', () => {
  it.each([
    ['  Ada \u00A0 Lovelace ', 'Ada Lovelace'],
    ['ADA LOVELACE', 'Ada Lovelace'],
    ['ada lovelace', 'Ada Lovelace'],
    ['MCDONALD', 'McDonald'],
    ["O'NEIL", "O'Neil"],
    ['o’neil', 'O’Neil'],
    ["D'ANGELO", "D'Angelo"],
    ['JEAN-PIERRE', 'Jean-Pierre'],
    ['j.p. morgan', 'J.P. Morgan'],
    ['VINCENT VAN DER BERG', 'Vincent van der Berg'],
    ['VAN DER BERG', 'van der Berg'],
    ['MARÍA DE LA CRUZ', 'María de la Cruz'],
    ['DE LA CRUZ', 'De la Cruz'],
    ['LE THI HOA', 'Le Thi Hoa'],
    ['HENRY VIII', 'Henry VIII'],
    ['JOHN SMITH JR', 'John Smith Jr'],
    ['ΝΙΚΟΣ ΠΑΠΠΑΣ', 'Νικος Παππας'],
    ['ИВАН ПЕТРОВ', 'Иван Петров'],
    ['NG', 'Ng'],
    ['JP', 'JP'],
    ['-', ''],
  ])('%j becomes %j', (cell, name) => {
    expect(cleanName(cell)).toBe(name);
  });

  it.each([
    'McDonald',
    'van der Berg',
    "O'Neil",
    'DeShawn',
    'MacArthur',
    'de la Cruz',
    'Müller-Lüdenscheidt',
    '李 小龙',
    'محمد علي',
    'Null',
    'J',
    'Dr. Ada King, Countess of Lovelace',
  ])('%s stays', (name) => {
    expect(cleanName(name)).toBe(name);
  });

  it('knows the Turkish i and the Dutch IJ of its country', () => {
    expect(cleanName('IŞIL YILMAZ', 'TR')).toBe('Işıl Yılmaz');
    expect(cleanName('IJSBRAND', 'NL')).toBe('IJsbrand');
  });
});

describe('a phone number', () => {
  it.each([
    ['06 12 34 56 78', 'FR', '+33612345678'],
    ['06.12.34.56.78', 'FR', '+33612345678'],
    ['0033 6 12 34 56 78', 'FR', '+33612345678'],
    ['33612345678', 'FR', '+33612345678'],
    ['49711123456', 'DE', '+49711123456'],
    ['45 12 34 56', 'DK', '+4545123456'],
    ['393 123 4567', 'IT', '+393931234567'],
    ['30 901820', 'DE', '+4930901820'],
    ['+33 (0)6 12 34 56 78', undefined, '+33612345678'],
    ['+44 (0) 20 7946 0958', undefined, '+442079460958'],
    ['Tel.: 030/901820', 'DE', '+4930901820'],
    ['(415) 555-2671', 'US', '+14155552671'],
    ['415.555.2671', 'US', '+14155552671'],
    ["'+4930901820", undefined, '+4930901820'],
    ['612345678.0', 'FR', '+33612345678'],
    ['\u202A+33 6 12 34 56 78\u202C', undefined, '+33612345678'],
    ['０３−１２３４−５６７８', 'JP', '+81312345678'],
  ])('%j of %s becomes %s', (cell, country, phone) => {
    expect(cleanPhone(cell, country, phones)).toEqual({ phone, note: undefined });
  });

  it('leaves an extension out and tells so', () => {
    expect(cleanPhone('+1 415 555 2671 ext. 12', undefined, phones)).toEqual({
      phone: '+14155552671',
      note: 'its extension 12 left out',
    });
  });

  it.each([
    ['3.36123E+10', 'FR', 'was damaged by a spreadsheet: its last digits are lost'],
    ['06 12 34', 'FR', 'is too short for a phone number of FR'],
    ['06 12 34 56 78 99 99 99', 'FR', 'is too long for a phone number of FR'],
    ['ask Bob', 'FR', 'is not a phone number'],
    [
      '06 12 34 56 78',
      undefined,
      'has no country: it needs a country column, the argument default_country, or +',
    ],
    ['+999 123456789', undefined, 'is not a phone number: no country has this prefix'],
    ['06 12 34 56 78 / 06 87 65 43 21', 'FR', 'holds 2 phone numbers'],
  ])('%j of %s is refused: it %s', (cell, country, reason) => {
    expect(cleanPhone(cell, country, phones)).toEqual({ reason });
  });
});

describe('a country', () => {
  it.each([
    ['Deutschland', 'DE'],
    ['germany', 'DE'],
    ['DEU', 'DE'],
    ['de', 'DE'],
    ['D', 'DE'],
    ['U.S.A.', 'US'],
    ['The Netherlands', 'NL'],
    ['Holland', 'NL'],
    ['UK', 'GB'],
    ['Scotland', 'GB'],
    ['ÖSTERREICH', 'AT'],
    ['Oesterreich', 'AT'],
    ['España', 'ES'],
    ['espana', 'ES'],
    ['Côte d’Ivoire', 'CI'],
    ["Cote d'Ivoire", 'CI'],
    ['Ivory Coast', 'CI'],
    ['Czech Republic', 'CZ'],
    ['Türkiye', 'TR'],
    ['Turkey', 'TR'],
    ['Ελλάδα', 'GR'],
    ['Россия', 'RU'],
    ['日本', 'JP'],
    ['Korea, Republic of', 'KR'],
    ["Korea, Democratic People's Republic of", 'KP'],
    ['Bolivia (Plurinational State of)', 'BO'],
    ['Bosnia & Herzegovina', 'BA'],
    ['Kosovo', 'XK'],
    ['NIGER', 'NE'],
    ['Nigeria', 'NG'],
  ])('%j is %s', (cell, code) => {
    expect(countryCode(cell)).toBe(code);
  });

  it.each(['Atlantis', 'EU', 'ZZ', 'Bavaria', '12', ''])('%j is none', (cell) => {
    expect(countryCode(cell)).toBeUndefined();
  });
});

describe('contacts/clean', () => {
  const row = { email: 'ada@example.com', phone: '12', country: 'Atlantis' };

  it('fails a row whose country or phone is wrong, and says which', async () => {
    expect(await outcomesOf(clean, [row])).toEqual([
      'fail country: "Atlantis" is no country name or code',
    ]);
    expect(await outcomesOf(clean, [{ ...row, country: 'FR' }])).toEqual([
      'fail phone: "12" is too short for a phone number of FR',
    ]);
  });

  it('keeps or empties the wrong cell when it is told to', async () => {
    expect(await outcomesOf(clean, [row], { when_invalid: 'keep' })).toEqual(['write {}']);
    expect(await outcomesOf(clean, [row], { when_invalid: 'empty' })).toEqual([
      'write {"country":"","phone":"","changed":"country, phone"}',
    ]);
  });

  it('empties cells that say nothing, but not a person called Null', async () => {
    const nothing = { email: 'a@b.example', name: 'Null', phone: 'k.A.', country: '-' };
    expect(await outcomesOf(clean, [nothing])).toEqual([
      'write {"country":"","phone":"","changed":"country, phone"}',
    ]);
  });

  it('reads a phone number by the country of its row before the default one', async () => {
    const rows = [
      { email: 'a@b.example', phone: '0612345678' },
      { email: 'a@b.example', phone: '030 901820', country: 'Allemagne' },
    ];
    expect(await outcomesOf(clean, rows, { default_country: 'fr' })).toEqual([
      'write {"phone":"+33612345678","changed":"phone"}',
      'write {"country":"DE","phone":"+4930901820","changed":"country, phone"}',
    ]);
  });

  it('changes nothing in what it has cleaned', async () => {
    const cleaned = {
      email: 'Ada@example.com',
      name: 'Vincent van der Berg',
      phone: '+33612345678',
      country: 'FR',
    };
    expect(await outcomesOf(clean, [cleaned])).toEqual(['write {}']);
  });

  it('leaves the case of names alone when it is told to', async () => {
    const shouting = { email: 'a@b.example', name: ' ADA  L ' };
    expect(await outcomesOf(clean, [shouting], { names: 'keep' })).toEqual([
      'write {"name":"ADA L","changed":"name"}',
    ]);
  });

  it('refuses a default country that is none, and arguments it does not know', async () => {
    await expect(outcomesOf(clean, [row], { default_country: 'Narnia' })).rejects.toThrow(
      'default_country: is not a country',
    );
    await expect(outcomesOf(clean, [row], { contry: 'FR' })).rejects.toThrow(
      'contry: is not an argument of this task, which takes default_country, when_invalid, names',
    );
  });

  it('names no alias twice, in whatever case', () => {
    const all = clean.columns.flatMap(({ name, aliases }) => [[name], aliases].flat());
    const folded = all.map((name) => name.toLowerCase().replaceAll(/[\s_-]/g, ''));
    const twice = folded.filter((name, index) => folded.indexOf(name) !== index);
    expect(twice).toEqual([]);
  });
});
