"""Common refusals in German, French, Spanish, Italian, Portuguese, Chinese, Dutch and Russian.

Goes out: compiled patterns in IN_LANGUAGES, pieces of a pattern in the others, to be joined with
the English ones. Only the plain forms: the assistant in the first person, a word of inability or
unwillingness, a verb of helping or telling, in one sentence. What such a sentence says besides
(advice, law, an offer of something else) is read by a few marks only.
"""

from __future__ import annotations

import re

_DE_DO = (
    r"(?:helfen|weiterhelfen|behilflich|beantworten|antworten|geben|erklären|unterstützen"
    r"|besprechen"
    r"|bereitstellen|erstellen|schreiben|nachkommen|erfüllen|sagen|nennen|liefern|anbieten|eingehen"
    r"|sprechen|dienen|äußern|beraten|tun|diskutieren|teilen|verfassen|empfehlen)"
)
_FR_DO = (
    r"(?:aider|répondre|fournir|donner|expliquer|assister|discuter|parler|satisfaire|accéder"
    r"|accepter|écrire|rédiger|créer|générer|partager|traiter|faire|dire|conseiller|proposer)"
)
_ES_DO = (
    r"(?:ayud|respond|proporcion|d[aá]r|explic|asist|hablar|discut|compart|escrib|cre[aá]r|gener"
    r"|cumpl|ofrec|hacer|decir|aconsej|recomend|contest|atender|brind|facilit|acced)\w*"
)
_IT_DO = (
    r"(?:aiut|rispond|forni|dar|dir|spieg|assist|parlar|discut|condivid|scriver|crear|gener|soddisf"
    r"|offri|far|consigli|tratt|esegui)\w*"
)
_PT_DO = (
    r"(?:ajud|respond|fornec|dar|explic|auxili|falar|discut|compartilh|partilh|escrev|criar"
    r"|ger[aá]r"
    r"|cumpr|oferec|fazer|dizer|aconselh|recomend|atend|prestar)\w*"
)
_NL_DO = (
    r"(?:helpen|beantwoorden|antwoorden|geven|uitleggen|bespreken|verstrekken|schrijven|voldoen"
    r"|bieden|zeggen|doen|adviseren|delen|ingaan)"
)
_RU_DO = (
    r"(?:помо[чг]|отве[тч]|предостав|да[тв]|объясн|обсужд|выполн|рассказ|написа|созда|подсказ"
    r"|советов"
    r"|посовет|сдела|говорить)\w*"
)
_ZH_DO = (
    r"(?:帮助|帮|協助|协助|回答|提供|回應|回应|答复|讨论|討論|满足|滿足|完成|解释|解釋|处理|处理"
    r"|告诉|給|给|写|支持|谈论"
    r"|参与|评论|执行|生成)"
)
_GAP = r"[^.!?\n]{0,50}"


def _any_case(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


IN_LANGUAGES = (
    # German: "dabei kann ich nicht helfen", "ich darf ... nicht", "ich muss ablehnen"
    _any_case(
        r"\b(?:(?:kann|darf|werde|möchte|will) (?:ich|wir)|(?:ich|wir) (?:kann|können|darf|dürfen|"
        rf"werde|möchte|will))\b{_GAP}\b(?:nicht|keine?[nrms]?|leider nicht)\b{_GAP}\b{_DE_DO}\b"
    ),
    _any_case(
        r"\b(?:ich|wir) (?:bin|sind) (?:leider )?nicht (?:in der lage|befugt|berechtigt|imstande"
        r"|dazu da)\b|\bich (?:muss|möchte)\b[^.!?\n]{0,50}\bablehnen\b|\bich (?:lehne|verweigere)"
        r"\b[^.!?\n]{0,40}\b(?:ab|anfrage|antwort|bitte)\b|\b(?:gegen|verstößt)\b[^.!?\n]{0,20}"
        r"\bmeine[nr]? (?:richtlinien|grundsätze|prinzipien|regeln)\b"
        r"|\bich (?:wurde|bin) (?:angewiesen|darauf programmiert|so programmiert)\b"
    ),
    # French: "je ne peux pas vous aider", "je dois refuser"
    _any_case(
        r"\b(?:je|nous) ne (?:peux|puis|pouvons|suis|sommes|veux|souhaite|saurais)"
        r"(?: malheureusement)?(?: pas)?(?: en mesure| capable| autorisée?| habilitée?| à même)?"
        rf"(?: (?:de|d'|à|y|en|vous|te|le|la|les|leur))*[ ']*(?:\w+ ){{0,2}}?(?:\w')?{_FR_DO}\b"
        r"|\bje (?:dois|préfère|me vois contraint de) (?:\w+ ){0,2}?(?:refuser|décliner|m'abstenir"
        r"|ne pas (?:répondre|en parler))|\bje refuse d|\bje décline\b"
        r"|\bcontraire à mes (?:principes|règles|directives)|\bmes (?:directives|règles"
        r"|instructions)"
        r" (?:ne |m'|l'|me )"
    ),
    # Spanish: "no puedo ayudarte con eso", "debo rechazar"
    _any_case(
        r"\bno (?:puedo|podemos|podré|debo|quiero|voy a|soy capaz de|estoy (?:autorizad[oa]"
        rf"|capacitad[oa]|en condiciones|en posición)(?: a| para| de)?)(?: \w+){{0,2}}? {_ES_DO}"
        r"|\b(?:debo|tengo que|prefiero) (?:\w+ )?(?:rechazar|negarme|declinar|abstenerme|no"
        r" (?:responder|contestar|hablar))|\bme niego a\b|\bva en contra de mis\b"
        r"|\bmis (?:directrices|normas|pautas|políticas|instrucciones) (?:no )?me\b"
    ),
    # Italian: "non posso aiutarti", "devo rifiutare"
    _any_case(
        r"\bnon (?:posso|possiamo|potrò|sono in grado di|sono autorizzat[oa] a|mi è (?:possibile"
        rf"|permesso|consentito)|voglio|intendo)(?: \w+){{0,2}}? {_IT_DO}"
        r"|\b(?:devo|preferisco|mi vedo costretto a) (?:\w+ )?(?:rifiutare|declinare|rifiutarmi"
        r"|astenermi|non (?:rispondere|parlarne))|\bmi rifiuto di\b|\bcontro le mie (?:linee"
        r"|regole)"
        r"|\ble mie (?:linee guida|regole|istruzioni) non\b"
    ),
    # Portuguese: "não posso ajudar", "tenho de recusar"
    _any_case(
        r"\bnão (?:posso|podemos|poderei|consigo|devo|quero|vou|sou capaz de|estou (?:autorizad[oa]"
        rf"|habilitad[oa]|em condições|apt[oa])(?: a| para| de)?)(?: (?:te|lhe|o|a|me|\w+-\w+"
        rf"|\w+)){{0,2}}?"
        rf" {_PT_DO}"
        r"|\b(?:devo|tenho (?:de|que)|prefiro|preciso) (?:\w+ )?(?:recusar|declinar|negar|me abster"
        r"|não (?:responder|falar))|\brecuso-me\b|\bme recuso a\b"
        r"|\bcontra (?:as )?minhas (?:diretrizes"
        r"|regras|políticas)"
    ),
    # Chinese: 我无法帮助, 抱歉，我不能回答
    re.compile(
        r"(?:我|我们|本助手)[^。！？!?\n我你]{0,8}(?:无法|無法|不能|不可以|不会|不會|没办法"
        r"|沒辦法|不便|不方便|不被允许)"
        rf"[^。！？!?\n，,]{{0,14}}?{_ZH_DO}"
        rf"|^\W*(?:(?:很|非常)?(?:抱歉|对不起|對不起|遗憾))[^。！？!?\n]{{0,6}}?(?:无法|無法"
        rf"|不能)[^。！？!?\n，,]{{0,14}}?{_ZH_DO}"
        r"|我(?:必须|只能|不得不|需要|选择)?(?:拒绝|婉拒)(?:回答|提供|这|该|您|你|此)"
        r"|违反(?:了)?我的|超出(?:了)?我的(?:能力|知识|权限|职责)"
    ),
    # Dutch: "daar kan ik je niet mee helpen"
    _any_case(
        r"\b(?:(?:kan|mag|zal|wil) ik|ik (?:kan|mag|zal|wil))\b"
        rf"{_GAP}\b(?:niet|geen)\b{_GAP}\b{_NL_DO}\b"
        r"|\bik ben niet in staat\b|\bik (?:moet|wil) (?:\w+ ){0,4}?(?:weigeren|afwijzen)\b"
    ),
    # Russian: «я не могу помочь»
    _any_case(
        r"\b(?:я )?(?:к сожалению, )?не (?:могу|смогу|можем|буду|вправе|в состоянии|имею права)"
        rf"[^.!?\n]{{0,30}}?\b{_RU_DO}|\bвынужден[а]? отказать|\bотказываюсь\b"
        r"|\bпротиворечит моим\b"
    ),
)

PIVOTS_IN_LANGUAGES = (
    r"(?:\bhier (?:ist|sind|kommt|kommen) (?:das|die|der|ein|eine|einige|nun)\b|\bso geht'?s\b"
    r"|\bvoici\b"
    r"|\baquí (?:está|están|tienes|tiene|van?)\b|\becco (?:il|la|i|le|come|un|una|qui|alcun)\b"
    r"|\baqui (?:está|estão|vai|vão|tem)\b|以下(?:是|为)|步骤如下|方法如下|答案是|如下[：:]"
    r"|\bhier (?:is|zijn) (?:het|de|een)\b|\bвот (?:как|рецепт|ответ|шаги|код))"
)
REDIRECTS_IN_LANGUAGES = (
    r"(?:\b(?:stattdessen|wenden sie sich|wende dich|suchen sie|beratungsstelle|notruf"
    r"|telefonseelsorge|kann ich (?:dir|ihnen) (?:gerne?|aber)|(?:helfe"
    r"|unterstütze) (?:ich )?(?:dir"
    r"|ihnen) gern|fachmann|fachleute|ärztin|arzt aufsuchen)\b"
    r"|\b(?:à la place|en revanche, je peux|je peux (?:vous|t')[^.!?]{0,10}(?:aider|proposer)"
    r"|je vous (?:invite|conseille|recommande|suggère)|n'hésitez pas|professionnel de|contactez"
    r"|adressez-vous)\b"
    r"|\b(?:en su lugar|en cambio, puedo|puedo ayudarte|puedo ayudarle|te recomiendo|le recomiendo"
    r"|acude a|acuda a|línea de ayuda|busca ayuda|un profesional)\b"
    r"|\b(?:posso (?:invece )?(?:aiutarti|aiutarla|suggerirti)|ti consiglio|le consiglio|ti invito"
    r"|rivolgiti|si rivolga|un professionista)\b"
    r"|\b(?:em vez disso|posso ajudá-lo|posso ajudar (?:você )?com|recomendo que|sugiro que"
    r"|procure (?:ajuda|um)|um profissional)\b"
    r"|建议您|建议你|请咨询|请联系|咨询专业|寻求(?:专业)?帮助|如果您(?:有|需要)|如果你(?:有|需要)"
    r"|我可以帮|其他问题|热线"
    r"|\b(?:in plaats daarvan|neem contact op|kan ik je wel)\b|\b(?:обратитесь|рекомендую"
    r"|вместо этого)\b)"
)
ADVISES_IN_LANGUAGES = (
    r"(?:\b(?:bitte|wenn (?:sie|du)|falls (?:sie|du)|es ist wichtig)\b|\b(?:veuillez|si vous|il est"
    r" important)\b|\b(?:por favor|si (?:usted|tienes|necesitas)|es importante)\b|\b(?:per favore"
    r"|se"
    r" (?:hai|ha|vuoi) |è importante)|\b(?:se você|se (?:precisar|quiser)|é importante)\b|^请"
    r"|重要的是"
    r"|\b(?:alstublieft|als je|het is belangrijk)\b|\b(?:пожалуйста|если вы|важно)\b)"
)
OBJECTS_IN_LANGUAGES = (
    r"(?:\b(?:strafbar|gefährlich|rechtswidrig|unethisch|gesetzwidrig|verstößt gegen)\b"
    r"|\b(?:illégale?s?|dangereu(?:x|ses?)|contraire à la loi|nuisibles?)\b"
    r"|\b(?:ilegal(?:es)?|peligros[oa]s?|dañin[oa]s?)\b|\b(?:illegal[ei]|pericolos[oaie]"
    r"|dannos[oaie])\b"
    r"|\b(?:ilegais|perigos[oa]s?|prejudicia(?:l|is))\b|违法|非法|危险|有害|不道德"
    r"|\b(?:strafbaar|gevaarlijk)\b|\b(?:незаконн|опасн)\w+)"
)
