"""The people who write to the desk and what they write: the vocabulary of the bench (pure, seeded).

Stands below the mail clients of ``clients.py``. Everything is drawn from the ``random.Random`` that is
passed in, so one seed gives the same people and the same sentences each time. It cannot fail.
"""

import random
import unicodedata
from dataclasses import dataclass


def listed(words: str) -> tuple[str, ...]:
    """The words of a line, apart."""
    return tuple(words.split())


FIRST_NAMES = listed(
    "Amélie Benoît Cécile David Élodie François Gaëlle Hélène Ismaël Jérôme Karim Laurence Maëlle Nathalie "
    "Olivier Pénélope Quentin Raphaël Sophie Théo Ursule Véronique Walid Xavier Yasmina Zoé André Bérénice "
    "Chloé Delphine Émile Fabienne Grégory Hugo Inès Joëlle Kévin Ludivine Mélanie Noël Pieter Sarah Anke "
    "Bruno Christelle Dominique Étienne Fatima Geoffrey Isabelle Julien Katrien Luc Marie Nicolas Pascale"
)
LAST_NAMES = listed(
    "Dubois Lambert Dupont Martin Simon Laurent Leroy Renard François Noël Lefèvre Gérard Collard Mathieu "
    "Hubert Charlier Leclercq Servais Dethier Bodart Delvaux Pirard Cuvelier Goffin Hallet Janssens Peeters "
    "Maes Jacobs Mertens Willems Claes Goossens Wouters Desmet Dejaeghere Ben-Amar El-Khoury Öztürk Nguyen "
    "Müller Schröder Weber Hérin Crèvecœur Lacroix Piérard Toussaint Wauters Thiry Vandenberghe Lejeune"
)
DOMAINS = listed(
    "cfwb.be aviq.example.be commune-andenne.example.be liege.example.be namur-province.example.be "
    "ecole-saint-joseph.example.be athenee-royal.example.be hech.example.be isell.example.be "
    "hautes-ecoles.example.be cpas-mons.example.be ville-tournai.example.be onem.example.be forem.example.be "
    "musee-mariemont.example.be biblio-arlon.example.be academie-huy.example.be police-ourthe.example.be "
    "parlement.example.be cabinet-education.example.be inspection.example.be wbi.example.be rtbf.example.be "
    "one.example.be ares.example.be gemeente-kraainem.example.be ostbelgien.example.be gmail.com outlook.be "
    "skynet.be hotmail.com proximus.be voo.be yahoo.fr"
)
SERVICES = (
    "Service du personnel",
    "Direction des achats",
    "Secrétariat général",
    "Cellule comptabilité",
    "Service des bourses d'études",
    "Inspection de l'enseignement fondamental",
    "Direction de l'infrastructure",
    "Service juridique",
    "Cellule communication",
    "Économat",
)
SUBJECTS = (
    "Problème d'impression",
    "Impossible de se connecter au VPN",
    "Mot de passe expiré",
    "Demande d'accès au dossier partagé {place}",
    "Écran noir au démarrage",
    "Messagerie bloquée depuis ce matin",
    "Création d'un compte pour {name}",
    "Téléphone IP sans tonalité au bureau {number}",
    "Lenteur de l'application de gestion des traitements",
    "Fichier Excel corrompu",
    "Commande d'un écran supplémentaire",
    "Réunion Teams : micro non détecté",
    "Certificat électronique refusé",
    "Départ de {name} : désactivation des accès",
    "Erreur 0x{number} à l'ouverture de session",
    "Scanner du {place} hors service",
    "Accès au portail pour l'école n° {number}",
    "Mise à jour bloquée à {number} %",
    "Perte d'un badge – {name}",
    "Sauvegarde du serveur {place} en échec",
)
PLACES = (
    "2e étage",
    "secrétariat",
    "bâtiment B",
    "rectorat",
    "greffe",
    "site de Jambes",
    "quai 14",
    "labo 3",
)
SENTENCES = {
    "fr": (
        "Bonjour, depuis ce matin je n'arrive plus à ouvrir ma session.",
        "Le message d'erreur apparaît dès que je clique sur « Enregistrer ».",
        "J'ai déjà redémarré le poste deux fois, sans résultat.",
        "Mes collègues du même bureau rencontrent le même souci.",
        "Pourriez-vous regarder cela avant la réunion de jeudi ?",
        "L'imprimante affiche « bourrage papier » alors que le bac est vide.",
        "Le dossier partagé n'apparaît plus dans l'explorateur.",
        "Il s'agit d'un portable Dell reçu en septembre, numéro d'inventaire {number}.",
        "Je reste joignable au bureau jusqu'à 16 h 30, et demain toute la journée.",
        "La connexion au réseau privé s'interrompt après quelques minutes.",
        "Nous avons besoin de cet accès pour clôturer les dossiers de bourses.",
        "Une capture d'écran vous aidera peut-être à comprendre ce qui se passe.",
        "Le problème ne se présente que lorsque je travaille depuis la maison.",
        "L'application se ferme toute seule lorsque j'exporte la liste des élèves.",
        "Auriez-vous l'amabilité de rétablir les droits que j'avais avant mon congé ?",
        "C'est assez urgent, car la paie doit partir en fin de semaine.",
        "Je vous remercie d'avance pour votre aide précieuse.",
        "Le nouveau collègue commence lundi et n'a toujours pas reçu ses identifiants.",
        "Sur l'autre poste, tout fonctionne normalement.",
        "Le technicien était passé en mars pour une panne semblable.",
    ),
    "nl": (
        "Goedemorgen, ik kan sinds vanochtend niet meer aanmelden op mijn computer.",
        "De printer op de tweede verdieping geeft steeds een foutmelding.",
        "Kunt u mij laten weten wanneer dit opgelost wordt?",
        "Ik heb het toestel al opnieuw opgestart, maar dat hielp niet.",
        "Mijn collega's hebben hetzelfde probleem met de gedeelde map.",
        "Alvast bedankt voor uw hulp.",
    ),
    "de": (
        "Guten Tag, seit heute Morgen kann ich mich nicht mehr anmelden.",
        "Der Drucker im zweiten Stock meldet ständig einen Fehler.",
        "Könnten Sie mir bitte mitteilen, wann das behoben wird?",
        "Ich habe den Rechner bereits neu gestartet, leider ohne Erfolg.",
        "Vielen Dank im Voraus für Ihre Hilfe.",
    ),
    "en": (
        "Hello, I have not been able to log in since this morning.",
        "The shared folder no longer shows up in the file explorer.",
        "Could you please let me know when this will be fixed?",
        "I have already restarted the computer twice, to no avail.",
        "Thank you in advance for your help.",
    ),
}
ADDITIONS = (
    "J'oubliais : le numéro du poste est le {number}.",
    "Je précise que le problème s'est encore produit ce midi.",
    "Voici les renseignements demandés : bureau {number}, {place}.",
    "Entre-temps l'erreur a changé, il est maintenant question d'un certificat.",
    "Pouvez-vous me rappeler au 081 {number} ?",
    "Le souci touche maintenant aussi le poste de ma collègue.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who writes; the address is unique in a corpus."""

    name: str
    address: str
    service: str
    phone: str

    @property
    def domain(self) -> str:
        """The right side of the address."""
        return self.address.partition("@")[2]


def plain_letters(text: str) -> str:
    """The text in lower-case ASCII letters, as an address or a file name holds it."""
    folded = unicodedata.normalize("NFKD", text.replace("œ", "oe")).encode("ascii", "ignore").decode()
    return folded.lower().replace(" ", "-")


def person(rng: random.Random, number: int) -> Person:
    """The ``number``-th writer: the number keeps the addresses of one corpus apart."""
    first, last = rng.choice(FIRST_NAMES), rng.choice(LAST_NAMES)
    return Person(
        name=f"{first} {last}",
        address=f"{plain_letters(first)}.{plain_letters(last)}{number}@{rng.choice(DOMAINS)}",
        service=rng.choice(SERVICES),
        phone=f"+32 81 {rng.randrange(10, 99)} {rng.randrange(10, 99)} {rng.randrange(10, 99)}",
    )


def filled(rng: random.Random, sentence: str) -> str:
    """The sentence with its blanks filled in."""
    return sentence.format(
        number=rng.randrange(100, 99999),
        place=rng.choice(PLACES),
        name=f"{rng.choice(FIRST_NAMES)} {rng.choice(LAST_NAMES)}",
    )


def subject(rng: random.Random) -> str:
    """A subject as users write it; many people choose the same one, as in real life."""
    return filled(rng, rng.choice(SUBJECTS))


def paragraphs(rng: random.Random, *, language: str = "fr", count: int | None = None) -> tuple[str, ...]:
    """One to several paragraphs of two to five sentences."""
    sentences = SENTENCES[language]
    wanted = count or rng.choice((1, 2, 2, 3, 3, 4))
    return tuple(
        " ".join(filled(rng, rng.choice(sentences)) for _ in range(rng.randrange(2, 6)))
        for _ in range(wanted)
    )


def addition(rng: random.Random) -> tuple[str, ...]:
    """What a person adds to a request already made."""
    return tuple(filled(rng, rng.choice(ADDITIONS)) for _ in range(rng.randrange(1, 3)))
