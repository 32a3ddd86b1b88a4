/**
 * Names by which address books, shops and spreadsheets of several countries call these columns. Case,
 * spaces, `_` and `-` do not count, so `E-Mail` and `e_mail` are `email` without being listed.
 */
export const CONTACT_ALIASES = {
  email: names(`
    E-mail Address | Mail | Mail Address | Contact Email | Primary Email | Work Email | Email 1
    E-mail 1 - Value | Email(s) | E-Mail-Adresse | Mailadresse | Adresse e-mail | Adresse mail
    Courriel | Correo | Correo electrónico | Correo electronico | E-postadress | E-post
    Indirizzo e-mail | Posta elettronica | E-mailadres | Adres e-mail | Endereço de e-mail
    Sähköposti | Эл. почта
  `),
  name: names(`
    Full Name | Display Name | Contact | Contact Name | Customer | Customer Name
    Vollständiger Name | Ansprechpartner | Kunde | Kontakt | Nom complet | Nome completo
    Nombre completo | Volledige naam | Naam | Namn | Navn | Imię i nazwisko
  `),
  first_name: names(`
    Given Name | Forename | Vorname | Prénom | Prenom | Nombre | Voornaam | Förnamn | Fornavn
    Imię | Imie | Nome
  `),
  last_name: names(`
    Surname | Family Name | Nachname | Familienname | Nom | Nom de famille | Apellido
    Apellidos | Cognome | Achternaam | Efternamn | Etternavn | Nazwisko | Sobrenome
  `),
  phone: names(`
    Phone Number | Phone No | Phone No. | Telephone | Telephone Number | Tel | Tel. | Tel. No.
    Work Phone | Home Phone | Business Phone | Phone 1 - Value | Telefon | Telefonnummer
    Tel.-Nr. | Tel-Nr | Rufnummer | Festnetz | Téléphone | Telephone fixe | Numéro de téléphone
    Teléfono | Telefono | Telefoon | Telefone | Telefoonnummer | Puhelin | Телефон
  `),
  mobile: names(`
    Mobile Phone | Mobile Number | Mobile No. | Cell | Cell Phone | Mobil | Mobiltelefon
    Mobilnummer | Handy | Handynummer | Portable | Móvil | Movil | Celular | Cellulare | Mobiel
    GSM | Natel
  `),
  country: names(`
    Country Code | Country/Region | Country or Region | Land | Länderkennzeichen | Staat
    Ländercode | Pays | País | Pais | Paese | Nazione | Nation | Kraj | Maa | Страна
  `),
} as const;

function names(list: string): readonly string[] {
  return list.split(/[|\n]/).flatMap((name) => name.trim() || []);
}
