{#
    Key of the patient or the device that a row belongs to.

    The whole row's identity goes in, never the column that carries the key out: a name is
    spelled in many ways, and its hash would split one patient.

    Arguments:
        domain (str): patient_id or device.
        alias (str): relation that holds patient_identity or device_identity.

    Returns: a varchar(64) expression; null where there is no identity.
#}
{% macro surrogate_key(domain, alias) -%}
    {%- set identity = {'patient_id': 'patient_identity', 'device': 'device_identity'} -%}
    {%- if domain not in identity -%}
        {{ exceptions.raise_compiler_error('deid: surrogate_key of ' ~ domain) }}
    {%- endif -%}
    {{ phi_token(literal(domain), alias ~ '.' ~ identity[domain]) }}
{%- endmacro %}
