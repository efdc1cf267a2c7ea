"""The invented recommendations of the example, in the words that a regional cluster would use.

No digit, no place finer than a cercle, no named group, no organisation: they are printed as they stand.
"""

from __future__ import annotations

from dataclasses import dataclass

REGIONAL = ("gao", "mopti", "tombouctou")
NORTH_AND_CENTRE = (*REGIONAL, "kidal")
EVERYWHERE = (*NORTH_AND_CENTRE, "mali")
PLACES = {
    "gao": "dans la zone de Gao",
    "mopti": "dans la région de Mopti",
    "tombouctou": "dans la région de Tombouctou",
    "kidal": "dans la région de Kidal",
    "mali": "dans les régions affectées",
}
CLUSTERS = {
    "gao": "Cluster régional de Gao",
    "mopti": "Cluster régional de Mopti",
    "tombouctou": "Cluster régional de Tombouctou",
    "kidal": "Cluster Protection national",
    "mali": "Cluster Protection national",
}
GROUPS = {
    "vbg": "Sous-cluster VBG",
    "enfance": "Sous-cluster Protection de l’enfance",
    "lamh": "Groupe LAMH",
    "ajed": "Groupe AJED",
    "cmp": "Commission Mouvement de Populations",
    "cs": "Groupe Cohésion sociale",
}
OUTCOMES = {
    "done": "Mesure en place, confirmée en réunion",
    "partial": "Mise en œuvre en partie, à poursuivre",
    "refused": "Non retenue par le destinataire",
    "lapsed": "Sans objet, la situation a changé",
}


@dataclass(frozen=True)
class Advice:
    """One thing that can be asked: of whom, by which group, where it fits, and how work on it begins and ends."""

    recipient: str
    group: str
    wording: str
    begun: str
    done: str
    zones: tuple[str, ...] = EVERYWHERE

    def text(self, zone: str) -> str:
        """The recommendation as it is printed for a zone."""
        return self.wording.replace("{ici}", PLACES[zone])

    def responsible(self, zone: str) -> str:
        """Who follows it up: a group of the cluster, never a person."""
        return GROUPS.get(self.group) or CLUSTERS[zone]


def outcome(advice: Advice, final: str) -> str:
    """What became of a closed recommendation, in a few words."""
    return advice.done if final == "done" else OUTCOMES[final]


ADVICE: tuple[Advice, ...] = (
    Advice(
        "authorities",
        "",
        "Renforcer les patrouilles les jours de foire sur les axes les plus exposés {ici}.",
        "Demande transmise aux autorités régionales",
        "Patrouilles reprises les jours de foire",
    ),
    Advice(
        "minusma",
        "",
        "Adapter le calendrier des patrouilles aux déplacements des commerçants et des transporteurs {ici}.",
        "Calendrier en discussion avec la composante civile",
        "Nouveau calendrier appliqué",
    ),
    Advice(
        "minusma",
        "",
        "Partager chaque semaine avec les acteurs de protection les alertes sur les menaces contre les civils {ici}.",
        "Point focal désigné",
        "Réunion d’échange hebdomadaire installée",
    ),
    Advice(
        "authorities",
        "ajed",
        "Rétablir la présence des services judiciaires et assurer la sécurité du personnel {ici}.",
        "Plaidoyer mené auprès du ministère",
        "Audiences reprises au chef-lieu",
    ),
    Advice(
        "authorities",
        "ajed",
        "Organiser des audiences foraines pour délivrer des actes d’état civil aux personnes déplacées et retournées {ici}.",
        "Calendrier des audiences à l’étude",
        "Audiences foraines tenues dans deux cercles",
    ),
    Advice(
        "authorities",
        "",
        "Rappeler aux responsables des postes de contrôle l’interdiction de percevoir des taxes illégales {ici}.",
        "Note préparée pour les autorités",
        "Instruction diffusée aux postes de contrôle",
    ),
    Advice(
        "authorities",
        "",
        "Mettre en place un mécanisme de plainte accessible aux victimes d’extorsion {ici}.",
        "Options discutées avec les services de l’État",
        "Mécanisme ouvert et connu des comités",
    ),
    Advice(
        "authorities",
        "enfance",
        "Faire respecter le caractère civil des écoles et leur protection {ici}.",
        "Directives transmises aux autorités scolaires",
        "Engagement écrit obtenu",
    ),
    Advice(
        "cluster",
        "enfance",
        "Former les comités de protection au repérage des enfants séparés et non accompagnés {ici}.",
        "Modules de formation adaptés",
        "Comités formés et fiches de référencement remises",
    ),
    Advice(
        "donors",
        "enfance",
        "Soutenir les familles d’accueil et la réunification des enfants séparés {ici}.",
        "Note de besoins remise aux bailleurs",
        "Financement accordé pour les familles d’accueil",
    ),
    Advice(
        "donors",
        "vbg",
        "Assurer la continuité des services aux survivant(e)s là où des projets prennent fin {ici}.",
        "Cartographie des services menacés partagée",
        "Relais de financement obtenu",
    ),
    Advice(
        "donors",
        "vbg",
        "Financer l’approvisionnement régulier des structures de santé pour la prise en charge des survivant(e)s {ici}.",
        "Besoins consolidés avec les services de santé",
        "Approvisionnement rétabli",
    ),
    Advice(
        "cluster",
        "vbg",
        "Mettre à jour le circuit de référencement des survivant(e)s et le diffuser aux acteurs de première ligne {ici}.",
        "Révision du circuit engagée",
        "Circuit validé et diffusé",
    ),
    Advice(
        "authorities",
        "vbg",
        "Garantir la gratuité du certificat médical pour les survivant(e)s {ici}.",
        "Plaidoyer engagé auprès des services de santé",
        "Gratuité confirmée par note de service",
    ),
    Advice(
        "minusma",
        "lamh",
        "Signaler et baliser les zones suspectées de contenir des engins explosifs {ici}.",
        "Zones prioritaires identifiées avec les communautés",
        "Balisage effectué dans les zones prioritaires",
    ),
    Advice(
        "cluster",
        "lamh",
        "Étendre l’éducation aux risques des engins explosifs aux éleveurs et aux écoliers {ici}.",
        "Équipes et calendrier en préparation",
        "Séances tenues dans les cercles prioritaires",
    ),
    Advice(
        "hct",
        "lamh",
        "Prévoir l’assistance aux victimes d’engins explosifs et leur transport vers les soins {ici}.",
        "Besoins présentés à l’équipe humanitaire pays",
        "Dispositif de prise en charge convenu",
    ),
    Advice(
        "hct",
        "",
        "Saisir les parties de l’accord sur la protection des civils et l’accès humanitaire {ici}.",
        "Message préparé pour les rencontres de haut niveau",
        "Message porté auprès des parties",
    ),
    Advice(
        "hct",
        "",
        "Négocier un accès régulier des équipes d’évaluation aux cercles les moins couverts {ici}.",
        "Demande d’accès en cours de négociation",
        "Accès obtenu pour une mission conjointe",
    ),
    Advice(
        "hct",
        "",
        "Inscrire les risques de protection à l’ordre du jour de chaque réponse multisectorielle {ici}.",
        "Proposition transmise aux autres clusters",
        "Analyse de protection jointe aux plans de réponse",
    ),
    Advice(
        "donors",
        "",
        "Financer le déploiement de moniteurs dans les cercles sans couverture {ici}.",
        "Proposition chiffrée remise",
        "Moniteurs recrutés et formés",
    ),
    Advice(
        "donors",
        "",
        "Prolonger les financements de l’assistance individuelle aux victimes de violations {ici}.",
        "Échange en cours avec les bailleurs",
        "Prolongation accordée",
    ),
    Advice(
        "cluster",
        "",
        "Documenter les rapports flash en attente et clore ceux qui ne peuvent être vérifiés {ici}.",
        "Liste des rapports en attente établie",
        "Rapports en attente traités",
    ),
    Advice(
        "cluster",
        "",
        "Harmoniser les outils de collecte et rappeler les règles de confidentialité à tous les moniteurs {ici}.",
        "Atelier d’harmonisation en préparation",
        "Outils harmonisés et moniteurs rappelés aux règles",
    ),
    Advice(
        "cluster",
        "cmp",
        "Vérifier sous une semaine les alertes de déplacement et partager les résultats avec les clusters {ici}.",
        "Procédure en cours de rédaction",
        "Procédure appliquée aux nouvelles alertes",
    ),
    Advice(
        "authorities",
        "cmp",
        "Veiller au caractère volontaire, informé et digne des retours {ici}.",
        "Messages convenus avec les autorités locales",
        "Séances d’information tenues avant les retours",
    ),
    Advice(
        "authorities",
        "cmp",
        "Faciliter la délivrance de documents aux familles rapatriées {ici}.",
        "Besoins recensés avec les services de l’État",
        "Guichet de délivrance ouvert",
    ),
    Advice(
        "authorities",
        "cs",
        "Appuyer les commissions foncières dans le règlement des litiges entre éleveurs et agriculteurs {ici}.",
        "Commissions consultées",
        "Commissions réunies et accords consignés",
    ),
    Advice(
        "hct",
        "cs",
        "Soutenir les initiatives locales de dialogue entre communautés {ici}.",
        "Initiatives recensées avec les leaders communautaires",
        "Cadre de dialogue installé",
    ),
    Advice(
        "donors",
        "cs",
        "Financer des activités de réconciliation portées par des femmes et des jeunes {ici}.",
        "Note conceptuelle partagée",
        "Première phase financée",
    ),
    Advice(
        "cluster",
        "ajed",
        "Renforcer l’assistance juridique aux personnes détenues arbitrairement {ici}.",
        "Appui sollicité auprès du barreau",
        "Permanences juridiques tenues",
    ),
    Advice(
        "authorities",
        "enfance",
        "Orienter vers les services de protection les enfants sortis des forces et groupes armés {ici}.",
        "Protocole rappelé aux autorités",
        "Enfants orientés vers les services de protection",
    ),
    Advice(
        "minusma",
        "",
        "Associer les comités de protection à la préparation des évaluations conjointes {ici}.",
        "Comités informés du calendrier",
        "Évaluation conjointe menée avec les comités",
    ),
    Advice(
        "cluster",
        "",
        "Restituer aux communautés les suites données à leurs alertes {ici}.",
        "Calendrier des restitutions établi",
        "Restitutions tenues avec les comités",
    ),
    Advice(
        "regional_cluster",
        "",
        "Actualiser la matrice de protection et suivre ses recommandations à chaque réunion {ici}.",
        "Mise à jour de la matrice en cours",
        "Matrice actualisée et validée",
    ),
    Advice(
        "regional_cluster",
        "",
        "Désigner des points focaux pour la protection transversale dans chaque cluster {ici}.",
        "Candidatures demandées aux clusters",
        "Points focaux désignés et formés",
        REGIONAL,
    ),
    Advice(
        "regional_cluster",
        "",
        "Inviter les services techniques de l’État aux réunions mensuelles {ici}.",
        "Invitations envoyées",
        "Services techniques présents aux réunions",
        REGIONAL,
    ),
    Advice(
        "authorities",
        "",
        "Relancer les concertations sur la présence des services publics et de la sécurité {ici}.",
        "Concertations en préparation",
        "Concertations tenues avec les leaders locaux",
        ("kidal",),
    ),
    Advice(
        "hct",
        "",
        "Porter au niveau national le plaidoyer sur le financement du secteur de la protection {ici}.",
        "Note de plaidoyer en relecture",
        "Note présentée aux partenaires",
        ("mali",),
    ),
    Advice(
        "authorities",
        "ajed",
        "Accélérer l’adoption des textes sur la protection des personnes déplacées {ici}.",
        "Échanges en cours avec les services du gouvernement",
        "Projet de texte soumis",
        ("mali",),
    ),
)
