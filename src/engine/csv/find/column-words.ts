/** Words that names of columns end in, folded; in the languages most exports are written in. */
const WORDS = new Set(
  `id uuid guid key code number num no nr count qty quantity amount sum price cost rate tax vat fee
  discount balance currency debit credit unit units value score rank weight size length width height
  name firstname lastname surname fullname username user nickname title gender sex age birthday dob
  email mail phone mobile tel telephone fax url website link address street city town zip zipcode postcode
  postal state province region country county continent place location lat lon lng latitude longitude
  company firm organization organisation department team branch store shop customer client supplier vendor
  employee manager owner contact person account iban bic bank status type kind category class group tag tags
  label level priority language locale color colour model brand make product item article sku ean isbn
  material description desc details text note notes comment comments remark remarks message subject body
  date time datetime timestamp day week month year quarter start end begin from to until due created updated
  modified deleted at by on start_time duration period born order invoice payment transaction reference ref
  active enabled flag error reason source target result test sample domain ip host path file version
  author genre artist album song page rating votes population capital gross net total salary role position
  destination origin sender recipient calling called caller callee record
  vorname nachname familienname anrede strasse straße hausnummer plz ort stadt land bundesland firma
  telefon handy telefax geburtsdatum geburtstag datum zeit uhrzeit betrag preis menge anzahl summe währung
  waehrung artikel artikelnummer bezeichnung beschreibung bemerkung kommentar kunde kundennummer kontonummer
  konto buchungstag buchungstext verwendungszweck wertstellung valuta saldo empfänger abteilung kategorie typ
  wert nummer kürzel gruppe rechnung bestellung lieferant einheit steuer
  nom prénom prenom adresse rue ville pays codepostal téléphone telephone courriel société societe date heure
  montant prix quantité quantite libellé libelle désignation designation devise débit crédit solde remarque
  référence commentaire statut numéro numero naissance
  nombre apellido apellidos dirección direccion calle ciudad país pais provincia teléfono correo empresa fecha
  hora importe precio cantidad descripción descripcion moneda estado código codigo referencia nota
  cognome nome indirizzo via città citta cap paese provincia telefono azienda data ora importo prezzo quantità
  descrizione valuta stato codice note
  endereço endereco rua cidade telefone empresa valor preço preco quantidade descrição descricao moeda
  voornaam achternaam straat postcode plaats stad telefoon bedrijf bedrag prijs aantal omschrijving
  imię imie nazwisko ulica miasto miejscowość kraj telefon firma kwota cena ilość ilosc opis uwagi data
  jméno příjmení město ulice částka cena počet poznámka navn efternavn by beløb pris antal namn efternamn ort
  имя фамилия отчество город адрес улица страна телефон почта компания дата время сумма цена количество
  кол-во название наименование описание примечание товар статус номер код
  氏名 名前 姓 名 住所 都市 市 国 電話 電話番号 メール 会社 会社名 日付 時間 金額 価格 数量 商品 商品名 備考 番号 郵便番号
  姓名 名称 地址 城市 国家 电话 手机 邮箱 公司 日期 时间 金额 价格 数量 产品 备注 编号 邮编 電話 公司 日期 時間 價格 編號
  이름 성명 주소 도시 국가 전화 전화번호 이메일 회사 날짜 시간 금액 가격 수량 상품 비고 번호`
    .split(/\s+/)
    .map(fold),
);

/** How many cells say what a column holds: `Order date`, `kunden_nr`, `Betrag (EUR)`, or a name that is expected. */
export function countColumnWords(cells: readonly string[], expected: ReadonlySet<string>): number {
  return cells.filter((cell) => isColumnWord(cell, expected)).length;
}

function isColumnWord(cell: string, expected: ReadonlySet<string>): boolean {
  const name = cell.trim();
  if (name === '' || name.length > 40) return false;
  if (expected.has(fold(name)) || WORDS.has(fold(name))) return true;
  const words = name
    .replace(/[([].*$/, '')
    .replaceAll(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .split(/[\s_./-]+/)
    .filter((word) => word !== '');
  const last = words.at(-1);
  // A name is short; a title may end in any word.
  return words.length <= 3 && last !== undefined && WORDS.has(fold(last));
}

function fold(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]+/g, '');
}
